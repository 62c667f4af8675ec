"""hadamard_transform: y = scale * H (signs * x) along the last axis, H a Hadamard matrix; in blocks where asked for.

With signs it is the randomised transform of J. A. Tropp, "Improved analysis of the subsampled randomized Hadamard
transform" (2011), by which training and inference in low precision spread outliers over an axis.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.hadamard_transform import steps
from impls.hadamard_transform.matrices import of_order
from impls.hadamard_transform.orders import block_of, factored
from impls.hadamard_transform.tolerances import HALF_UNIT, SizedOperator, tolerance
from impls.seeded import away_from_zero, dtype_of, generator_for, itemsize
from opbench import Axes, Axis, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point

SCALES = ("orthonormal", "one")


def scale_of(axes: Axes) -> float:
    """The factor behind the transform: 1/sqrt(block), which leaves lengths as they are, or 1."""
    block = block_of(axes["size"], axes["block"])
    return float(block**-0.5) if axes["scale"] == "orthonormal" else 1.0


def inputs(point: Point) -> Inputs:
    """x (rows, size), or in mode `backward` grad (rows, size); with `signs` also signs (size,) of +-1 in x's dtype.

    The transform is linear: its gradient needs no x.
    """
    random = generator_for(point)
    shape = (point.axes["rows"], point.axes["size"])
    name = "grad" if point.mode == "backward" else "x"
    tensors = {name: away_from_zero(shape, point, random)}
    if point.axes["signs"]:
        signs = torch.randint(0, 2, (shape[1],), generator=random) * 2 - 1
        tensors["signs"] = signs.to(dtype_of(point)).to(point.device)
    return tensors


def reference(point: Point, inputs: Inputs) -> Tensor:
    """In float64, by matrices that count common bits: every block as (order, 2^a, 2^b), an axis at a time."""
    block = block_of(point.axes["size"], point.axes["block"])
    order, length = factored(block)
    x = inputs["grad" if point.mode == "backward" else "x"].double()
    signs = inputs["signs"].double() if "signs" in inputs else torch.ones((), dtype=torch.float64, device=x.device)
    outer = 1 << factored(block).stages // 2
    axes = (of_order(order), _common_bits(outer), _common_bits(length // outer))
    first, second, third = (matrix.to(x.device) for matrix in axes)
    if point.mode == "backward":
        first = first.T
    cut = (x if point.mode == "backward" else x * signs).reshape(-1, order, outer, length // outer)
    y = torch.einsum("ai,bj,ck,rijk->rabc", first, second, third, cut).reshape(x.shape) * scale_of(point.axes)
    return y * signs if point.mode == "backward" else y


def _common_bits(length: int) -> Tensor:
    """(length, length): -1 where i and j have an odd number of bits in common, else 1."""
    rows = [[1.0 - 2.0 * ((i & j).bit_count() % 2) for j in range(length)] for i in range(length)]
    return torch.tensor(rows, dtype=torch.float64)


def work(point: Point) -> Work:
    """log2(2^k) additions an element, order - 1 more for another matrix, one operation each for signs and scale.

    x and signs are read once, the output is written once; the gradient is as much.
    """
    elements, size = point.axes["rows"] * point.axes["size"], itemsize(point)
    parts = factored(block_of(point.axes["size"], point.axes["block"]))
    steps_each = parts.stages + parts.order - 1 + int(point.axes["signs"]) + int(scale_of(point.axes) != 1)
    signs = point.axes["size"] if point.axes["signs"] else 0
    return Work(0, 0, steps_each * elements, (elements + signs) * size, elements * size)


def eager(point: Point) -> Callable[..., Tensor]:
    block, scale = block_of(point.axes["size"], point.axes["block"]), scale_of(point.axes)
    backward = point.mode == "backward"

    def function(x: Tensor, signs: Tensor | None = None) -> Tensor:
        before, after = (None, signs) if backward else (signs, None)
        return steps.transform(x, block, scale, before, after, transposed=backward)

    return function


def sizes(axes: Axes) -> Mapping[str, int]:
    """The block that is transformed. Raises UsageError for a size that has no transform."""
    return {"transformed": block_of(axes["size"], axes["block"])}


_tolerances = {dtype: tolerance(dtype, 1 << 15) for dtype in HALF_UNIT}
_points = partial(dict[str, int | str | bool])

OPERATOR = SizedOperator(
    name="hadamard_transform",
    about="Walsh-Hadamard transform of the last axis, in blocks, with random signs before it",
    axes=(
        Axis("rows", "rows, each transformed by itself", default=4096, minimum=0),
        Axis("size", "elements of a row: 2^k, 12 * 2^k, 20 * 2^k, 28 * 2^k; any multiple of block", default=1024),
        Axis("block", "elements that are transformed together; 0 takes the whole row", default=0, minimum=0),
        Axis("scale", "factor: 1/sqrt(block) or 1", default="orthonormal", choices=SCALES),
        Axis("signs", "whether x is multiplied by signs before", default=False),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances=_tolerances,
    backward_tolerances=_tolerances,
    check_points=(
        _points(rows=3, size=2, scale="one"),
        _points(rows=5, size=8, signs=True),
        _points(rows=1, size=1),
        _points(rows=0, size=64),
        _points(rows=5, size=16, signs=True, scale="one"),
        _points(rows=3, size=12, signs=True),
        _points(rows=1, size=40, scale="one"),
        _points(rows=3, size=28 * 8, signs=True),
        _points(rows=5, size=12 * 32, signs=True),
        _points(rows=1, size=20 * 64),
        _points(rows=3, size=28 * 16),
        _points(rows=1, size=256, signs=True),
        _points(rows=3, size=512),
        _points(rows=5, size=3 * 64, block=64, signs=True),
        _points(rows=3, size=7 * 4, block=4, signs=True),
        _points(rows=1, size=5 * 24, block=24),
        _points(rows=3, size=4096, scale="one"),
        _points(rows=1, size=1 << 13, signs=True),
    ),
    sizes=sizes,
    modes=frozenset({"forward", "out", "backward"}),
)
