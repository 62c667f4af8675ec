"""The exported block opened by a runtime, from the operator's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.bottlenecks.modules import block_of
from impls.exported.runtime_backend import opened_model

if TYPE_CHECKING:
    from impls.exported.runtime_backend import Opened
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    """Files are channels first. A channels-last x is brought into that order in every call, and the output stays so."""
    del schedule
    sizes = [f"{name}{point.axes[name]}" for name in ("selected", "kernel", "stride") if name in point.axes]
    return opened_model(block_of(point, inputs), "-".join([point.operator, *sizes]), point, inputs, kind)
