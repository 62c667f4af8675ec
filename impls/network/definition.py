"""What the networks are as operators: three of them, one per variant, since an axis is a number and S is not.

Modes: `forward` is the pass in eval from an image to 100 scores. `backward` is a whole training step but for the loss
and the optimiser: the pass in training (batch statistics, Gumbel softmax, straight-through gates) and the gradients of
all parameters from a given gradient of the scores. There the first input is the first layer's weight, so that is the
gradient that is returned and checked: the last one reached, through every layer behind it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.hadaptive.stateless import as_function
from impls.network.drawing import images, ladders, state
from impls.network.eager_ach import write_out
from impls.network.parts import parts_of
from impls.network.product_backends import products_inside
from impls.network.reference import reference
from impls.network.variants import CLASSES, PARAMETERS, config_of, selecting, skeleton, state_shapes
from impls.network.work import work_of
from impls.seeded import away_from_zero, dtype_of, generator_for
from impls.threads import THREADS
from opbench import Axes, Axis, Operator, Tolerance, Work
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point

TOLERANCES = {
    "float32": Tolerance(rtol=256 * 2**-24, atol=256 * 2**-24),
    "float64": Tolerance(rtol=256 * 2**-53, atol=256 * 2**-53),
}
"""Of the scores. Worst |got - want| / (rms + |want|) over the check points and the sweep's: 61 u in float32."""

STEP_TOLERANCES = {
    "float32": Tolerance(rtol=2**-6, atol=2**-6),
    "float64": Tolerance(rtol=4096 * 2**-53, atol=4096 * 2**-53),
}
"""Of the first layer's gradient. Hardswish's slope jumps by a half at -3 and 3: an activation that rounding moves
across changes a gradient by as much as it is one of few. In float32 two points of three have none and are right to
520 u; of the others the worst seen was 0.5 % off, at batch 1 with a last map of 3x3. In float64 none was seen.
"""


def shapes(point: Point) -> dict[str, tuple[int, ...]]:
    """x (batch, 3, edge, edge), then the state by its names; in mode `backward` grad, parameters, x, noise."""
    batch, edge = point.axes["batch"], point.axes["edge"]
    image = {"x": (batch, 3, edge, edge)}
    if point.mode != "backward":
        return image | dict(state_shapes(point.operator, training=False))
    noise = {f"{name}.noise": (batch, channels) for name, channels in selecting(point.operator).items()}
    return {"grad": (batch, CLASSES)} | dict(state_shapes(point.operator, training=True)) | image | noise


def inputs(point: Point) -> Inputs:
    """Seeded values; on `meta` only their shapes.

    Raises UsageError for a training step that leaves BatchNorm one value per channel.
    """
    _check_statistics(point)
    dtype, shape_of = dtype_of(point), shapes(point)
    if point.device == "meta":
        return {name: torch.empty(shape, dtype=dtype, device="meta") for name, shape in shape_of.items()}
    random = generator_for(point)
    values = dict(state(point.operator)) | {"x": images(shape_of["x"], random)}
    if point.mode == "backward":
        values |= ladders(point.operator, point.axes["batch"], random)
        values["grad"] = away_from_zero(shape_of["grad"], point, random)
    # `copy`: the state is shared by all points, and a check writes to its inputs.
    return {name: values[name].to(device=point.device, dtype=dtype, copy=True) for name in shape_of}


def _check_statistics(point: Point) -> None:
    last = point.axes["edge"] // config_of(point.operator).reduction
    if point.mode == "backward" and point.axes["batch"] * last * last < 2:
        raise UsageError(f"{point}: a training step needs two values per channel in the last map; ask for a batch of 2")


def work(point: Point) -> Work:
    return work_of(point, shapes(point), state_shapes(point.operator, training=True))


def eager(point: Point) -> Callable[..., Tensor]:
    """The forward pass in PyTorch's own operators as a function of x and the state."""
    network = skeleton(point.operator).eval()
    write_out(network)
    return as_function(network, tuple(state_shapes(point.operator, training=False)))


def operator_of(name: str) -> Operator:
    """The operator `hadaptive_s`, `hadaptive_m` or `hadaptive_l`."""
    reduction = config_of(name).reduction
    size = name.removeprefix("hadaptive_").upper()

    def sizes(_: Axes) -> Mapping[str, int]:
        return {"classes": CLASSES, "parameters": PARAMETERS[name]}

    return Operator(
        name=name,
        about=f"Hadaptive-Net-{size}: an image to {CLASSES} scores; mode backward is a training step",
        axes=(
            Axis("batch", "images", default=1),
            Axis("edge", "height and width of the image", default=224, minimum=reduction),
            THREADS,
        ),
        inputs=inputs,
        reference=reference,
        work=work,
        eager=eager,
        tolerances=TOLERANCES,
        backward_tolerances=STEP_TOLERANCES,
        # Odd edges at every stride; never so few values that BatchNorm in training divides rounding by rounding.
        check_points=(
            {"batch": 3, "edge": 2 * reduction + 3},
            {"batch": 1, "edge": 3 * reduction + 5},
            {"batch": 11, "edge": reduction + 1},
        ),
        sizes=sizes,
        parts=partial(parts_of, name),
        modes=frozenset({"forward", "backward"}),
        backends="impls.network",
        further_backends=products_inside,
    )
