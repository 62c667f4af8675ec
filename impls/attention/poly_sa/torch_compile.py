"""The definition through torch.compile: matrix products as they are, product and mean as one loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.attention.poly_sa.operator import eager
from impls.compiled import compiled, preparing, why_not
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    tensors = tuple(inputs.values())
    return partial(compiled(eager(point), *tensors), *tensors)


BACKEND = Backend(
    about="torch.compile of the definition, static shapes",
    prepare=prepare,
    kind="compiler",
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
