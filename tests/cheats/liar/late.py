"""Honest while it is checked, raises once it is timed."""

from __future__ import annotations

from typing import TYPE_CHECKING


from opbench import Backend

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    x, offset = inputs["x"], inputs["offset"]

    calls = iter(range(1_000_000))

    def launch() -> torch.Tensor:
        if next(calls) > 3:
            raise RuntimeError("out of workspaces")
        result = 2 * x + offset
        return result if out is None else out.copy_(result)

    return launch


BACKEND = Backend(about="raises after the check", prepare=prepare, modes=frozenset({"forward", "out"}))
