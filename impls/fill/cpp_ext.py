"""The same stores the cross-Hadamard kernel makes, with nothing to read and nothing to multiply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.backends.cpp_ext import BACKEND as PRODUCTS
from impls.cross_hadamard.cpp_kernels import operators
from impls.fill.operator import VALUE
from opbench import Backend

if TYPE_CHECKING:
    from opbench import Inputs, Launch, Point


def prepare(_: Point, inputs: Inputs, out: torch.Tensor | None, schedule: str) -> Launch:
    del schedule
    fill = operators().fill.default
    like = inputs["like"]

    def launch() -> torch.Tensor:
        target = torch.empty(like.shape, dtype=like.dtype) if out is None else out
        fill(target, VALUE)
        return target

    return launch


BACKEND = Backend(
    about="C++ vector stores, streaming past the last-level cache",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    modes=frozenset({"forward", "out"}),
    unavailable=PRODUCTS.unavailable,
)
