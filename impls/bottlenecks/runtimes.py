"""The exported block opened by a runtime, from the operator's inputs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from impls.bottlenecks.modules import block_of
from impls.exported.fused import file
from impls.exported.runtime_backend import opened_model

if TYPE_CHECKING:
    from impls.exported.runtime_backend import Opened
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    """Files are channels first. A channels-last x is brought into that order in every call, and the output stays so."""
    del schedule
    return opened_model(block_of(point, inputs), _name(point), point, inputs, kind)


def prepare_one_node(point: Point, inputs: Inputs, _: str, kind: str) -> Opened:
    """The block as one node, channels last; channels-first maps are brought into that order, and back, by the file."""
    last = point.axes["layout"] == "channels_last"
    name = f"{_name(point)}-fused-{'last-' if last else ''}{file.code_key()}"
    make = partial(file.export, channels_last=last)
    return replace(opened_model(block_of(point, inputs), name, point, inputs, kind, make), channels_last=last)


def _name(point: Point) -> str:
    sizes = [f"{name}{point.axes[name]}" for name in ("selected", "kernel", "stride") if name in point.axes]
    return "-".join([point.operator, *sizes])
