"""The step-by-step form through torch.compile, which may find the fused attention in it or fuse the softmax alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.attention.self_attention.operator import written_out
from impls.compiled import compiled, preparing, why_not
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    tensors = tuple(inputs.values())
    return partial(compiled(written_out(point), *tensors), *tensors)


BACKEND = Backend(
    about="torch.compile of the written-out steps, static shapes",
    prepare=prepare,
    kind="compiler",
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
