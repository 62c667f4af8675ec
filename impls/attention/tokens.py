"""What both operators share: axes, sizes that are refused, seeded inputs (batch, tokens, width) and square weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from impls.cross_hadamard.tolerances import HALF_UNIT
from impls.expansion.values import Shapes, materialise, normal
from opbench import Axes, Axis, Tolerance
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor

    from opbench import Inputs, Point

AXES = (
    Axis("batch", "sequences", default=1),
    Axis("tokens", "positions of a sequence, each of which sees all of them", default=512, minimum=0),
    Axis("width", "channels of a token", default=64),
    Axis("heads", "groups of channels with weights of their own between tokens; Poly-SA has one a channel", default=4),
)

CHECK_POINTS = (
    {"batch": 2, "tokens": 17, "width": 15, "heads": 3},
    {"batch": 1, "tokens": 131, "width": 31, "heads": 1},
    {"batch": 3, "tokens": 1, "width": 14, "heads": 2},
    {"batch": 1, "tokens": 5, "width": 1, "heads": 1},
    {"batch": 2, "tokens": 0, "width": 6, "heads": 2},
    {"batch": 1, "tokens": 673, "width": 35, "heads": 7},
)
"""Odd, prime, one and no tokens; the last longer than the blocks in which the C++ kernel and the reference work."""


STEPS = {"float32": 256, "float64": 256, "float16": 16, "bfloat16": 16}
"""Worst |got - want| / (rms + |want|) in half units of the dtype, doubled. PyTorch's own steps and ours stay below 36
up to 65,536 tokens; the loop that Inductor makes of Poly-SA's mean adds thousands of tokens one after the other and was
116 off at 8,192 (torch 2.13). 8 in the 16-bit types, whose sums are in float32.
"""

TOLERANCES = {dtype: Tolerance(STEPS[dtype] * unit, STEPS[dtype] * unit) for dtype, unit in HALF_UNIT.items()}


def sizes(axes: Axes) -> Mapping[str, int]:
    """Channels of a head. Raises UsageError for a width that the heads do not share evenly."""
    width, heads = axes["width"], axes["heads"]
    if width % heads:
        raise UsageError(f"{heads} heads cannot share width {width} evenly; expected a multiple of {heads}")
    return {"head_width": width // heads}


def drawn(point: Point, weights: tuple[str, ...]) -> Inputs:
    """x (batch, tokens, width), normal; weights (width, width), normal over sqrt(width): applied as x @ w."""
    width = point.axes["width"]
    shapes: Shapes = {"x": (point.axes["batch"], point.axes["tokens"], width)}
    shapes |= dict.fromkeys(weights, (width, width))

    def draw(random: torch.Generator) -> dict[str, Tensor]:
        scales = {name: 1.0 if name == "x" else 1 / math.sqrt(width) for name in shapes}
        return {name: normal(shape, random, scales[name]) for name, shape in shapes.items()}

    return materialise(point, shapes, draw)
