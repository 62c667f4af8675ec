"""Grad-CAM by layer against its formula, and what it must leave alone."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch

from impls.hadaptive.inspect.maps import layer_maps
from impls.hadaptive.network import HadaptiveNet, build
from opbench.errors import MachineError, UsageError

from ..scenes import drawn, random
from ..training_scenes import TINY

pytestmark = pytest.mark.skipif(find_spec("pytorch_grad_cam") is None, reason="grad-cam is not installed")

CLASSES, EDGE = 5, 14


def network() -> HadaptiveNet:
    return drawn(build(TINY, CLASSES, 3, "torch_eager"))


def by_formula(net: HadaptiveNet, image: torch.Tensor, label: int, layer: int) -> Any:
    """The map at its own size, cut at 0 and scaled to 0..1."""
    kept: dict[str, Any] = {}
    hook = net.body[layer].register_forward_hook(lambda _, __, y: kept.update(y=y))
    score = net(image[None])[0, label]
    hook.remove()
    (slope,) = torch.autograd.grad(score, kept["y"])
    found = (slope.mean((2, 3), keepdim=True) * kept["y"]).sum(1)[0].clamp(min=0)
    found = found - found.min()
    return (found / (found.max() + 1e-7)).detach().numpy()


@pytest.mark.parametrize("label", [0, 4])
def test_each_map_is_grad_cam_of_its_layer_and_class(label: int) -> None:
    net, image = network(), random(3, EDGE, EDGE)
    actual = layer_maps(net, image, label, [1, 3])
    assert actual.shape == (2, EDGE, EDGE)
    assert actual.dtype == np.float32
    for one, layer in zip(actual, (1, 3), strict=True):
        want = by_formula(net, image, label, layer)
        assert want.max() > 0  # or the comparison shows nothing
        # Enlarged by two along each edge: pairs of pixels lie a quarter to either side of what they come from.
        assert np.corrcoef(one[::2, ::2].ravel(), want.ravel())[0, 1] > 0.9
        assert one.min() >= 0
        assert one.max() <= 1


def test_a_layer_as_large_as_the_image_is_the_formula_itself() -> None:
    from impls.hadaptive.config import Convolution, HadaBottleneck, NetworkConfig

    net = drawn(build(NetworkConfig((Convolution(7), HadaBottleneck(5, 3)), 11, 13), CLASSES, 3, "torch_eager"))
    image = random(3, 7, 7)
    actual = layer_maps(net, image, 2, [0, 1])
    for one, layer in zip(actual, (0, 1), strict=True):
        # The library adds 1e-7 to the maximum it divides by.
        np.testing.assert_allclose(one, by_formula(net, image, 2, layer), atol=1e-3)


def test_gradients_of_parameters_stay_as_they_were() -> None:
    net = network()
    net.head.classify.bias.grad = torch.full((CLASSES,), 3.0)
    layer_maps(net, random(3, EDGE, EDGE), 1, [0])
    assert net.head.classify.bias.grad.tolist() == [3.0] * CLASSES
    assert all(one.grad is None for name, one in net.named_parameters() if name != "head.classify.bias")
    assert not net.body[0]._forward_hooks


def test_a_class_or_layer_that_is_not_there_is_named() -> None:
    net, image = network(), random(3, EDGE, EDGE)
    with pytest.raises(UsageError, match="class 5 of 5; expected 0 to 4"):
        layer_maps(net, image, 5, [0])
    with pytest.raises(UsageError, match=r"layers \[4, -1\] of 4; expected 0 to 3"):
        layer_maps(net, image, 0, [1, 4, -1])


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pytorch_grad_cam", None)
    with pytest.raises(MachineError, match="grad-cam is not installed"):
        layer_maps(network(), random(3, EDGE, EDGE), 0, [0])
