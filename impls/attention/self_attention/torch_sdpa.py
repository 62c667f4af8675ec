"""torch.nn.functional.scaled_dot_product_attention between projections: scores in tiles, memory linear in tokens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.attention.self_attention.operator import eager
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    return partial(eager(point), *inputs.values())


BACKEND = Backend(
    about="scaled_dot_product_attention",
    prepare=prepare,
    kind="framework",
    rank=50,
    look=("#0072B2", "o"),
)
