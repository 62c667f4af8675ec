"""torch.full and Tensor.fill_: what PyTorch itself writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.fill.operator import VALUE
from opbench import Backend

if TYPE_CHECKING:
    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    like = inputs["like"]
    if out is not None:
        return lambda: out.fill_(VALUE)
    return lambda: torch.full(like.shape, VALUE, dtype=like.dtype, device=like.device)


BACKEND = Backend(
    about="torch.full, Tensor.fill_", prepare=prepare, kind="framework", modes=frozenset({"forward", "out"})
)
