"""The block as today's networks run it: PyTorch's convolutions around the C++ kernel that ACH is behind its first one.

Schedules: `unfolded`, as networks have their BatchNorms, and `folded`, within the convolutions. Ghost has no kernel of
ours in it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.bottlenecks.modules import block_of, fold
from impls.cross_hadamard.backends.cpp_ext import BACKEND as PRODUCTS
from impls.threads import use_threads
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, schedule: str) -> Launch:
    use_threads(point.axes)
    block = block_of(point, inputs, "cpp_ext")
    launch = partial(fold(block, inputs["x"].dtype) if schedule == "folded" else block, inputs["x"])
    launch()  # builds and loads the extension where it was not
    return launch


BACKEND = Backend(
    about="PyTorch's convolutions around our C++ expansion, as the networks run it",
    prepare=prepare,
    devices=PRODUCTS.devices,
    schedules=("unfolded", "folded"),
    rank=30,
    look=("#009E73", "v"),
    unavailable=PRODUCTS.unavailable,
    preparing=PRODUCTS.preparing,
)
