"""Triton: all degrees of some samples in registers, between PyTorch's matrix products."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.installed import why_not_installed
from impls.polynomial.pi_net.operator import recursion_of
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    from impls.polynomial.pi_net.gpu import launches

    recursion, values = recursion_of(point.axes), tuple(inputs.values())
    if point.mode == "backward":
        return lambda: launches.gradients(recursion, *values)[0]
    launch = partial(launches.forward, recursion, *values)
    launch()  # compiles
    return launch


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = Backend(
    about="all degrees in registers, by Triton",
    prepare=prepare,
    devices=frozenset({"cuda"}),
    modes=frozenset({"forward", "backward"}),
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
