"""out[:] = 1 for a given number of MiB: no operator with an output of that size can be faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.seeded import dtype_of, itemsize
from opbench import Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from opbench import Inputs, Point

VALUE = 1.0


def inputs(point: Point) -> Inputs:
    """shape (kib * 1024 / itemsize,): an empty carrier of the output's size and dtype, never read."""
    count = point.axes["kib"] * 1024 // itemsize(point)
    carrier = torch.empty((), dtype=dtype_of(point), device=point.device).expand(count)
    return {"like": carrier}


def reference(_: Point, inputs: Inputs) -> torch.Tensor:
    return torch.full(inputs["like"].shape, VALUE, dtype=torch.float64, device=inputs["like"].device)


def work(point: Point) -> Work:
    return Work(macs=0, products=0, elementwise=0, bytes_read=0, bytes_written=point.axes["kib"] * 1024)


def eager(_: Point) -> Callable[..., torch.Tensor]:
    return lambda like: torch.full(like.shape, VALUE, dtype=like.dtype, device=like.device)


OPERATOR = Operator(
    name="fill",
    about="write memory and nothing else: the ceiling of output-bound operators",
    axes=(Axis("kib", "size of the output in KiB", default=65536, minimum=0),),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances={name: Tolerance(rtol=0.0) for name in ("float32", "float64", "float16", "bfloat16")},
    check_points=({"kib": 0}, {"kib": 1}, {"kib": 7}, {"kib": 1021}),
    modes=frozenset({"forward", "out"}),
)
