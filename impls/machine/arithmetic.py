"""Multiply and add in registers, and multiply matrices: the two rates of arithmetic a machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.seeded import away_from_zero, generator_for, itemsize
from opbench import Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Point

FACTOR, TERM = -1.0, 2.0
"""x * FACTOR + TERM swaps x and 2 - x: exact but for the rounding of 2 - x, however often, and not the identity as
long as the steps are odd."""


def _chain_inputs(point: Point) -> Inputs:
    return {"x": away_from_zero((point.axes["lanes"],), point, generator_for(point))}


def _chain_reference(point: Point, inputs: Inputs) -> torch.Tensor:
    x = inputs["x"].double()
    return TERM - x if point.axes["steps"] % 2 else x


def _chain_work(point: Point) -> Work:
    lanes, size = point.axes["lanes"], itemsize(point)
    return Work(lanes * point.axes["steps"], 0, 0, bytes_read=lanes * size, bytes_written=lanes * size)


MULTIPLY_ADD = Operator(
    name="multiply_add",
    about="x * a + b in registers, again and again: multiply-adds that wait for no memory",
    axes=(
        Axis("lanes", "values, each a chain of its own", 49152),
        Axis("steps", "multiply-adds of a chain", 4097),
    ),
    inputs=_chain_inputs,
    reference=_chain_reference,
    work=_chain_work,
    # One step as the counters see it: two operations on matrices, of which the product's MACs are the work.
    eager=lambda point: lambda x: x.reshape(-1, 1) @ x.new_empty(1, point.axes["steps"]),
    tolerances={
        "float32": Tolerance(rtol=1e-6, atol=1e-6),
        "float64": Tolerance(rtol=1e-14, atol=1e-14),
        "float16": Tolerance(rtol=2e-3, atol=2e-3),
        "bfloat16": Tolerance(rtol=1e-2, atol=2e-2),
    },
    check_points=({"lanes": 1, "steps": 1}, {"lanes": 7, "steps": 3}, {"lanes": 1021, "steps": 5}),
    ceiling="multiply_add",
)


def _matrices(point: Point) -> Inputs:
    n, random = point.axes["n"], generator_for(point)
    return {name: away_from_zero((n, n), point, random) for name in ("left", "right")}


def _matrix_work(point: Point) -> Work:
    n, size = point.axes["n"], itemsize(point)
    return Work(n**3, 0, 0, bytes_read=2 * n * n * size, bytes_written=n * n * size)


MATRIX_MULTIPLY = Operator(
    name="matrix_multiply",
    about="the product of two square matrices: multiply-adds as the vendor's library and matrix units do them",
    axes=(Axis("n", "rows and columns", 768),),
    inputs=_matrices,
    reference=lambda _, inputs: inputs["left"].double() @ inputs["right"].double(),
    work=_matrix_work,
    eager=lambda _: lambda left, right: left @ right,
    tolerances={
        "float32": Tolerance(rtol=1e-5, atol=1e-5),
        "float64": Tolerance(rtol=1e-13, atol=1e-13),
        "float16": Tolerance(rtol=2e-3, atol=2e-3),
        "bfloat16": Tolerance(rtol=1e-2, atol=1e-2),
    },
    check_points=({"n": 1}, {"n": 7}, {"n": 61}, {"n": 127}),
    ceiling="matrix",
)
