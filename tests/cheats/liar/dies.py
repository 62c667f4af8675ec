"""Kills its own process, as a crash in native code does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import os
import signal
from opbench import Backend

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    x, offset = inputs["x"], inputs["offset"]

    def launch() -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGKILL)
        return x

    return launch


BACKEND = Backend(about="dies", prepare=prepare, modes=frozenset({"forward", "out"}))
