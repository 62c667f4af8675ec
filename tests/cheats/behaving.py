"""A backend from one function: what each cheat is, apart from its lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point

Compute: TypeAlias = "Callable[[Tensor, Tensor], Tensor]"


def backend(make: Callable[[Tensor, Tensor], Compute], *, untouched: bool = False) -> Backend:
    """make(x, offset), called in prepare, returns what is called as compute(x, offset) in every launch.

    In mode `out` its result is copied into the given tensor, unless `untouched`.
    """

    def prepare(_: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
        del schedule
        x, offset = inputs["x"], inputs["offset"]
        compute = make(x, offset)

        def launch() -> Tensor:
            if out is not None and untouched:
                return out
            result = compute(x, offset)
            return result if out is None else out.copy_(result)

        return launch

    return Backend(about="for the tests", prepare=prepare, modes=frozenset({"forward", "out"}))
