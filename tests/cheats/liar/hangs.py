"""Never returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import threading
from opbench import Backend

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    x, offset = inputs["x"], inputs["offset"]

    def launch() -> torch.Tensor:
        threading.Event().wait()
        return x

    return launch


BACKEND = Backend(about="hangs", prepare=prepare, modes=frozenset({"forward", "out"}))
