"""The two backends every expansion has from its eager function alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.compiled import compiled, preparing, why_not
from opbench import Backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Launch, Point

    Eager = Callable[[Point], Callable[..., Tensor]]


def eager_backend(eager: Eager) -> Backend:
    def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
        return partial(eager(point), *inputs.values())

    return Backend(about="PyTorch's own operators, one after the other", prepare=prepare, kind="framework")


def compiled_backend(eager: Eager) -> Backend:
    def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
        tensors = tuple(inputs.values())
        return partial(compiled(eager(point), *tensors), *tensors)

    return Backend(
        about="torch.compile of the eager definition, static shapes",
        prepare=prepare,
        kind="compiler",
        unavailable=why_not,
        preparing=preparing,
    )
