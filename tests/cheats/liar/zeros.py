"""Returns zeros."""

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

    return lambda: torch.zeros_like(x) if out is None else out.zero_()


BACKEND = Backend(about="zeros", prepare=prepare, modes=frozenset({"forward", "out"}))
