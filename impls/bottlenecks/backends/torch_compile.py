"""torch.compile of the eager definition: convolutions as they are, all else in as few loops as Inductor finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.compiled import prepare_compiled, preparing, why_not
from impls.threads import use_threads
from opbench import Backend, catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
    use_threads(point.axes)  # before compiling: the number of threads is written into the kernels
    return prepare_compiled(_definition)(point, inputs, out, schedule)


def _definition(point: Point) -> Callable[..., Tensor]:
    return catalog.operator(point.operator).eager(point)


BACKEND = Backend(
    about="torch.compile of the eager definition, static shapes",
    prepare=prepare,
    kind="compiler",
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
