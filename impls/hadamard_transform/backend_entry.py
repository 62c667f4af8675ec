"""What a backend file tells the harness: a function of tensors becomes a launch of a point, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from impls.hadamard_transform.operator import scale_of
from impls.hadamard_transform.orders import block_of
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point
    from opbench.vocabulary.backend import Prepare


@dataclass(frozen=True)
class Call:
    """One transform: out = scale * after * H (before * x) along the last axis.

    x: (..., size). before, after: (size,) in x's dtype, or None. transposed: H^T in place of H. out: where to write, of
    x's shape, or None for fresh memory; it may be x itself.
    """

    x: Tensor
    block: int
    scale: float
    before: Tensor | None = None
    after: Tensor | None = None
    transposed: bool = False
    out: Tensor | None = None


Transform = Callable[[Call], "Tensor"]
"""Computes a call, reading its tensors anew every time."""


def call_of(point: Point, inputs: Inputs, out: Tensor | None) -> Call:
    """The transform that a point asks for: signs before it, or, of the gradient, behind it."""
    backward = point.mode == "backward"
    signs = inputs.get("signs")
    return Call(
        inputs["grad" if backward else "x"],
        block_of(point.axes["size"], point.axes["block"]),
        scale_of(point.axes),
        before=None if backward else signs,
        after=signs if backward else None,
        transposed=backward,
        out=out,
    )


def backend_of(launch_of: Callable[[Call], Launch], **details: Any) -> Backend:
    """The harness's entry. launch_of: what prepares a call and returns its launch; `details`: fields of `Backend`."""
    return Backend(prepare=_prepare(launch_of), **{"modes": frozenset({"forward", "out", "backward"})} | details)


def _prepare(launch_of: Callable[[Call], Launch]) -> Prepare:
    def prepare(point: Point, inputs: Inputs, out: Tensor | None, _: str) -> Launch:
        launch = launch_of(call_of(point, inputs, out))
        launch()  # compiles or builds whatever this very shape needs
        return launch

    return prepare


def delivered(result: Tensor, out: Tensor | None) -> Tensor:
    """The result where it was asked for: of a form that cannot write into memory that is given."""
    return result if out is None else out.copy_(result)
