"""softmax(q k^T / sqrt(d)) v step by step, as papers write it: every score in memory, which is quadratic in tokens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.attention.self_attention.operator import written_out
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    return partial(written_out(point), *inputs.values())


BACKEND = Backend(
    about="scores, softmax and sums one after the other",
    prepare=prepare,
    kind="framework",
    rank=60,
    look=("#000000", "s"),
)
