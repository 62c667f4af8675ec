"""Triton: pairs (or Ghost's cheap half), normaliser and depthwise convolution in one pass over the narrow map, so that
what is expanded is never written; the 1x1 convolutions before and behind it are the library's matrix products.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.bottlenecks.geometry_of import geometry_of
from impls.installed import why_not_installed
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    from impls.bottlenecks.gpu.launches import AchBottleneck, GhostBottleneck

    size = geometry_of(point)
    block: AchBottleneck | GhostBottleneck
    block = (
        AchBottleneck(inputs, size, point.axes["selected"])
        if "selected" in point.axes
        else GhostBottleneck(inputs, size)
    )
    launch = partial(block, inputs["x"])
    launch()  # compiles
    return launch


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = Backend(
    about="expansion and depthwise convolution in one Triton kernel, the projection by the library",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
