"""C++: projections a block of tokens at a time, multiplied and summed in the cache; the tokens projected once more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls import native
from impls.attention.poly_sa import functional
from opbench import Backend, Preparing

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, __: Tensor | None, ___: str) -> Launch:
    launch = partial(functional.poly_sa, *inputs.values())
    launch()  # builds the library where it is not there
    return launch


def unavailable(_: str) -> str | None:
    return native.why_not(headers=functional.HEADERS)


def preparing() -> Preparing:
    return native.building(
        functional.NAME, functional.SOURCES, functional.IN_VARIANTS, half=functional.HALF, headers=functional.HEADERS
    )


BACKEND = Backend(
    about="both projections summed in the cache, in C++",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32", "float64"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=unavailable,
    preparing=preparing,
)
