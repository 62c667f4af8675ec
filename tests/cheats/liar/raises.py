"""Raises in its launch."""

from __future__ import annotations

from typing import TYPE_CHECKING


from opbench import Backend

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    x, offset = inputs["x"], inputs["offset"]

    def launch() -> torch.Tensor:
        raise RuntimeError("no kernel image is available\nand a second line")

    return launch


BACKEND = Backend(about="raises", prepare=prepare, modes=frozenset({"forward", "out"}))
