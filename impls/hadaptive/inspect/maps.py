"""Grad-CAM of every layer (Selvaraju et al. 2017), by the grad-cam library: which pixels speak for a class.

A map is the layer's channels, each weighted by the mean gradient of the class's score, summed, cut at 0 and scaled to
0..1 over the image. So brightness compares places of one map, never two maps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from impls.torchvision_import import make_torchvision_importable
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from torch import Tensor

    from impls.hadaptive.network import HadaptiveNet


def layer_maps(network: HadaptiveNet, image: Tensor, label: int, layers: Sequence[int]) -> npt.NDArray[np.float32]:
    """(len(layers), H, W), 0 to 1: Grad-CAM of `label` at these layers of `network.body`, enlarged to the image.

    network: in eval mode.
    image: (C, H, W) as it was trained on, any size its strides allow.

    Parameters' gradients are left as they were. Raises UsageError for a class or layer that is not there, MachineError
    without grad-cam.
    """
    if not 0 <= label < network.num_classes:
        raise UsageError(f"class {label} of {network.num_classes}; expected 0 to {network.num_classes - 1}")
    if outside := [at for at in layers if not 0 <= at < len(network.body)]:
        raise UsageError(f"layers {outside} of {len(network.body)}; expected 0 to {len(network.body) - 1}")
    library = _library()
    target = [library.utils.model_targets.ClassifierOutputTarget(label)]
    gradients = [parameter.grad for parameter in network.parameters()]
    maps = []
    for at in layers:
        with library.GradCAM(model=network, target_layers=[network.body[at]]) as cam:
            maps.append(cam(input_tensor=image[None], targets=target)[0])
    for parameter, grad in zip(network.parameters(), gradients, strict=True):
        parameter.grad = grad
    return np.stack(maps).astype(np.float32)


def _library() -> Any:
    if not make_torchvision_importable():
        raise MachineError('torchvision is not installed, and grad-cam needs it; python -m pip install ".[models]"')
    try:
        library = import_module("pytorch_grad_cam")
        import_module("pytorch_grad_cam.utils.model_targets")
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "pytorch_grad_cam":
            raise
        raise MachineError('grad-cam is not installed; python -m pip install ".[models]"') from exc
    return library
