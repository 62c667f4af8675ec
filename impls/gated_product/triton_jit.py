"""Triton kernels: f in registers, every element read once and written once, both gradients in one pass."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.gated_product.forms import halves
from impls.installed import why_not_installed
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: Tensor | None, _: str) -> Launch:
    from impls.gated_product.gpu import launches

    form, packed = point.axes["form"], point.axes["packed"]
    gate, value = halves(inputs["packed"]) if packed else (inputs["gate"], inputs["value"])
    if point.mode == "backward":
        whole = inputs["packed"] if packed else None
        launch = partial(launches.backward, inputs["grad"], gate, value, form, whole)
    else:
        launch = partial(launches.forward, gate, value, form, out)
    launch()  # compiles
    return launch


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = Backend(
    about="Triton kernels",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    modes=frozenset({"forward", "out", "backward"}),
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
