"""The eager expansion with everything after the selection in one pass of the C++ kernels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.cross_hadamard.backends.cpp_ext import BACKEND as PRODUCTS
from impls.cross_hadamard.functional import ach_expand
from impls.expansion.ach.operator import expansion
from impls.expansion.width import width
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    expand = expansion(width(point.axes).k, partial(ach_expand, backend="cpp_ext"))
    launch = partial(expand, *inputs.values())
    launch()  # builds and loads the extension where it was not
    return launch


BACKEND = Backend(
    about="PyTorch's operators, the expansion itself fused in C++",
    prepare=prepare,
    devices=PRODUCTS.devices,
    unavailable=PRODUCTS.unavailable,
    preparing=PRODUCTS.preparing,
)
