"""C++ vector kernel: a box against a register of others, large results stored around the caches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.boxes import functional
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, __: Tensor | None, ___: str) -> Launch:
    launch = partial(functional.box_iou, *inputs.values())
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
