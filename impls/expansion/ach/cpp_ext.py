"""The eager expansion with its products computed by the C++ kernels of the cross-Hadamard operator."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.cross_hadamard.cpp_ext import BACKEND as PRODUCTS
from impls.cross_hadamard.functional import cross_hadamard
from impls.expansion.ach.operator import expansion
from impls.expansion.width import width
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    expand = expansion(width(point.axes).k, partial(cross_hadamard, backend="cpp_ext"))
    launch = partial(expand, *inputs.values())
    launch()  # builds and loads the extension where it was not
    return launch


BACKEND = Backend(
    about="PyTorch's operators, pairs by the C++ kernels",
    prepare=prepare,
    devices=PRODUCTS.devices,
    unavailable=PRODUCTS.unavailable,
)
