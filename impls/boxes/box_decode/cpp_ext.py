"""C++ vector kernel: registers of boxes turned to registers of coordinates and back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes import functional
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    launch = partial(functional.box_decode, inputs["offsets"], inputs["anchors"], point.axes["clip"])
    launch()  # builds the library where it is not there
    return launch


BACKEND = Backend(
    about="C++ vector kernel",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32", "float64"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=functional.unavailable,
    preparing=functional.preparing,
)
