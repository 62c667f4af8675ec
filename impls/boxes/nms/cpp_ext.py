"""C++: sorted by radix, then 64 boxes at a time against registers of all that are left."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes import functional
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    launch = partial(
        functional.nms_padded, inputs["boxes"], inputs["scores"], point.axes["threshold"], inputs["classes"]
    )
    launch()  # builds the library where it is not there
    return launch


BACKEND = Backend(
    about="C++ vector kernels, 64 boxes against all that are left",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32", "float64"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=functional.unavailable,
    preparing=functional.preparing,
)
