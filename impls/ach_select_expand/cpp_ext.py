"""The C++ kernel: everything in one call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls import native
from impls.ach_select_expand.operator import norm_of
from impls.cross_hadamard import cpp_kernels
from impls.threads import use_threads
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    use_threads(point.axes)
    x, taps, alpha, weight, bias = inputs.values()
    launch = partial(
        cpp_kernels.select_expand, x, taps, point.axes["selected"], alpha, weight, bias, norm_of(point.axes), ""
    )
    launch()
    return launch


def unavailable(_: str) -> str | None:
    return native.why_not()


BACKEND = Backend(
    about="C++ on the CPU, one call",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    unavailable=unavailable,
)
