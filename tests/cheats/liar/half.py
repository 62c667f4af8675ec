"""Computes in half precision and widens the result."""

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

    def launch() -> torch.Tensor:
        result = (2 * x.to(torch.bfloat16) + offset).float() * 1.001
        return result if out is None else out.copy_(result)

    return launch


BACKEND = Backend(about="rounds", prepare=prepare, modes=frozenset({"forward", "out"}))
