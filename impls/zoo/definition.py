"""What the models are as operators: an image to 100 logits, forward in eval, one operator per model.

The weights are no inputs: runtimes that read a model from a file hold their own. They follow from the model's name
(`building.py`), the images from the axes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.seeded import dtype_of, generator_for, itemsize
from impls.threads import THREADS, one_thread
from impls.zoo.building import build, skeleton
from impls.zoo.drawing import images
from impls.zoo.models import CLASSES, MODELS, Model
from opbench import Axes, Axis, Operator, Tolerance, Work
from opbench.counting.torch_counter import count_with_torch
from opbench.errors import UsageError

if TYPE_CHECKING:
    from opbench import Inputs, Point

TOLERANCES = {
    "float32": Tolerance(rtol=4096 * 2**-24, atol=4096 * 2**-24),
    "float64": Tolerance(rtol=4096 * 2**-53, atol=4096 * 2**-53),
}
"""Worst |got - want| / (rms + |want|) of PyTorch's eager operators in units of 2^-24, over edges of 33 to 288, batches
of 1 to 4, images and halved ones: MobileOne 632, MobileNetV4 322, the others up to 98. Logits of two images differ by
2 to 45 % of their size. In float64 the reference is computed by the same operators, so only others differ at all.
"""


def shape(point: Point) -> tuple[int, int, int, int]:
    """Of x: (batch, 3, edge, edge)."""
    batch, edge = point.axes["batch"], point.axes["edge"]
    return batch, 3, edge, edge


def inputs(point: Point) -> Inputs:
    """x, seeded; on `meta` only its shape. Raises UsageError for an edge that the model does not take."""
    _check_edge(MODELS[point.operator], point.axes)
    dtype = dtype_of(point)
    if point.device == "meta":
        return {"x": torch.empty(shape(point), dtype=dtype, device="meta")}
    return {"x": images(shape(point), generator_for(point)).to(device=point.device, dtype=dtype)}


def module_for(point: Point) -> nn.Module:
    """A copy of the point's model on its device, in its dtype, for whoever will keep or change it."""
    return copy.deepcopy(build(point.operator)).to(device=point.device, dtype=dtype_of(point))


@torch.no_grad()
def reference(point: Point, inputs: Inputs) -> Tensor:
    """Logits (B, 100) in float64, by the library's own module in PyTorch's eager operators, on one thread."""
    x = inputs["x"]
    model = copy.deepcopy(build(point.operator)).to(device=x.device, dtype=torch.float64)
    with one_thread():
        exact: Tensor = model(x.double())
    return exact


def work(point: Point) -> Work:
    """As torch's counter finds them for the model with its attention written out. Raises as `inputs` does."""
    _check_edge(MODELS[point.operator], point.axes)
    counts = _counts(point.operator, *shape(point))
    batch, channels, height, width = shape(point)
    read = _state_elements(point.operator) + batch * channels * height * width
    size = itemsize(point)
    return Work(**counts, bytes_read=size * read, bytes_written=size * batch * CLASSES)


@lru_cache(maxsize=256)
@torch.no_grad()
def _counts(name: str, *image: int) -> Mapping[str, int]:
    return count_with_torch(skeleton(name), (torch.empty(image, device="meta"),))


@lru_cache(maxsize=32)
def _state_elements(name: str) -> int:
    """Of the parameters and of BatchNorm's statistics; its counter of batches is read by nobody."""
    model = skeleton(name)
    return sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point())


def eager(point: Point) -> Callable[..., Tensor]:
    """The model as a function of x; a module, because counters take parameters for inputs only where a module has
    them.
    """
    return skeleton(point.operator) if point.device == "meta" else module_for(point)


def _check_edge(model: Model, axes: Mapping[str, int]) -> None:
    if axes["edge"] < model.least_edge:
        raise UsageError(f"{model.label} takes an edge of {model.least_edge} or more, got {axes['edge']}")


def _sizes(model: Model, axes: Axes) -> Mapping[str, int]:
    """Raises UsageError for an edge that the model does not take."""
    _check_edge(model, axes)
    return {"classes": CLASSES, "parameters": model.parameters}


def operator_of(model: Model) -> Operator:
    """The operator; cheap, and without the model's library."""
    return Operator(
        name=model.name,
        about=f"{model.label} of {model.library}: an image to {CLASSES} logits",
        axes=(
            Axis("batch", "images", default=1),
            Axis("edge", "height and width of the image", default=224),
            THREADS,
        ),
        inputs=inputs,
        reference=reference,
        work=work,
        eager=eager,
        tolerances=TOLERANCES,
        # Odd at most strides: 37 becomes 19, 10, 5, 3, 2 and 65 becomes 33, 17, 9, 5, 3.
        check_points=({"batch": 3, "edge": 37}, {"batch": 1, "edge": 65, "threads": 1}),
        sizes=partial(_sizes, model),
    )
