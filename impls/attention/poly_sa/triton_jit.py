"""Triton: both projections, their product and its sum in one pass over the tokens; the gate goes into the weights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.installed import why_not_installed
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, __: Tensor | None, ___: str) -> Launch:
    from impls.attention.poly_sa.gpu import launches

    launch = partial(launches.poly_sa, *inputs.values())
    launch()  # compiles
    return launch


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = Backend(
    about="both projections summed in one pass, in Triton",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    rank=15,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
