"""Boxes of offsets from anchors, as SSD has them (Liu et al., arXiv 1512.02325, with the variances of its code).

An anchor has a centre (x, y) and sides (w, h); offsets (dx, dy, dw, dh) make the box with centre (x + 0.1 dx w,
y + 0.1 dy h) and sides w e^(0.2 dw), h e^(0.2 dh). Exponents end at log(1000 / 16), as in torchvision's BoxCoder: one
wrong number of a network shall not overflow. Given an edge, corners are clipped to the image. NaN stays NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from impls.boxes.variances import CENTRE_VARIANCE, LARGEST_EXPONENT, SIDE_VARIANCE
from impls.cross_hadamard.tolerances import accumulated
from impls.seeded import dtype_of, generator_for, itemsize
from opbench import Axis, Operator, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point

EDGE = 320

BEYOND, EVERY = 30.0, 101
"""Every so many boxes one has such an offset of its sides: 0.2 * 30 is beyond the largest exponent."""


def inputs(point: Point) -> Inputs:
    """offsets (batch, anchors, 4), normal; anchors (anchors, 4) as x1 y1 x2 y2 in pixels, on an image of EDGE."""
    batch, count = point.axes["batch"], point.axes["anchors"]
    if point.device == "meta":
        shapes = {"offsets": (batch, count, 4), "anchors": (count, 4)}
        return {name: torch.empty(shape, dtype=dtype_of(point), device="meta") for name, shape in shapes.items()}
    random = generator_for(point)
    offsets = torch.randn(batch, count, 4, generator=random)
    offsets[:, ::EVERY, 2:] = BEYOND
    centres, sides = (
        EDGE * torch.rand(count, 2, generator=random),
        16 + EDGE / 2 * torch.rand(count, 2, generator=random),
    )
    tensors = {"offsets": offsets, "anchors": torch.cat((centres - sides / 2, centres + sides / 2), 1)}
    return {name: tensor.to(point.device, dtype_of(point)) for name, tensor in tensors.items()}


def reference(point: Point, inputs: Inputs) -> Tensor:
    """In float64, a coordinate at a time."""
    offsets, anchors = (tensor.double() for tensor in inputs.values())
    most = float(point.axes["clip"]) or math.inf
    found = torch.empty_like(offsets)
    for axis in (0, 1):
        low, high = anchors[:, axis], anchors[:, axis + 2]
        centre = torch.lerp(low, high, 0.5) + CENTRE_VARIANCE * offsets[:, :, axis] * (high - low)
        growth = (SIDE_VARIANCE * offsets[:, :, axis + 2]).exp().clamp(max=1000 / 16)
        for corner, sign in ((axis, -0.5), (axis + 2, 0.5)):
            found[:, :, corner] = centre + sign * growth * (high - low)
    return found.clamp_(0.0, most) if point.axes["clip"] else found


def work(point: Point) -> Work:
    """18 operations a box: four variances, two times sides and centre added, two exponentials times sides, two halves,
    four corners. Six an anchor: sides, their halves, centres. Limits are comparisons.
    """
    count = point.axes["anchors"]
    boxes, size = point.axes["batch"] * count, itemsize(point)
    return Work(0, 0, 18 * boxes + 6 * count, 4 * (boxes + count) * size, 4 * boxes * size)


def decoded(offsets: Tensor, anchors: Tensor, clip: int = 0) -> Tensor:
    """The definition, of (batch, anchors, 4) and (anchors, 4). clip: the image's edge in pixels; 0 clips nothing."""
    sides = anchors[:, 2:] - anchors[:, :2]
    middle = anchors[:, :2] + 0.5 * sides
    centre = CENTRE_VARIANCE * offsets[..., :2] * sides + middle
    half = 0.5 * (torch.exp((SIDE_VARIANCE * offsets[..., 2:]).clamp(max=LARGEST_EXPONENT)) * sides)
    boxes = torch.cat((centre - half, centre + half), -1)
    return boxes.clamp(0, clip) if clip else boxes


def eager(point: Point) -> Callable[..., Tensor]:
    """The definition, from the operator's inputs."""
    clip = point.axes["clip"]

    def function(offsets: Tensor, anchors: Tensor) -> Tensor:
        return decoded(offsets, anchors, clip)

    return function


_CHECKED = ((1, 37, 320), (3, 131, 0), (1, 1, 7), (5, 1, 320), (2, 1031, 320), (0, 3, 0), (2, 0, 9))

OPERATOR = Operator(
    name="box_decode",
    about="boxes of offsets from anchors, as SSD has them",
    axes=(
        Axis("batch", "images", default=1, minimum=0),
        Axis("anchors", "boxes of an image", default=12_804, minimum=0),
        Axis("clip", "edge of the image that corners are clipped to, pixels; 0: none is", default=320, minimum=0),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances={name: found for name, found in accumulated().items() if name in {"float32", "float64"}},
    check_points=tuple({"batch": batch, "anchors": anchors, "clip": clip} for batch, anchors, clip in _CHECKED),
)
