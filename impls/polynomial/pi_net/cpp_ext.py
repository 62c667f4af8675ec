"""C++: projections a block of samples at a time, and all degrees of the block in vector registers and the caches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls import native
from impls.polynomial.pi_net import functional
from impls.polynomial.pi_net.operator import recursion_of
from opbench import Backend, Preparing

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    recursion, values = recursion_of(point.axes), tuple(inputs.values())
    if point.mode == "backward":
        return lambda: functional.gradients(recursion, *values)[0]
    launch = partial(functional.pi_net, recursion, *values)
    launch()  # builds the library where it is not there
    return launch


def unavailable(_: str) -> str | None:
    return native.why_not(headers=functional.HEADERS)


def preparing() -> Preparing:
    return native.building(
        functional.NAME, functional.SOURCES, functional.IN_VARIANTS, half=functional.HALF, headers=functional.HEADERS
    )


BACKEND = Backend(
    about="all degrees of a block of samples in the cache, in C++",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32", "float64"}),
    modes=frozenset({"forward", "backward"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=unavailable,
    preparing=preparing,
)
