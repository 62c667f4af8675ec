"""Returns NaN where a comparison written the wrong way round would let it pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from opbench import Backend

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    x, offset = inputs["x"], inputs["offset"]

    return lambda: torch.full_like(x, torch.nan) if out is None else out.fill_(torch.nan)


BACKEND = Backend(about="returns NaN", prepare=prepare, modes=frozenset({"forward", "out"}))
