"""Stores through the caches and around them, compared at many sizes while preparing; what is launched goes through.

Its figures are those of `opbench.caches.CacheUse`. Only where it is named: preparing takes most of a second.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.machine.cache_times import measured_once
from impls.machine.library import address, why_not
from impls.machine.memory import floats
from impls.machine.stores import squares
from opbench import Backend, Figured
from opbench.caches.use import SIZES
from opbench.errors import UsageError

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: torch.Tensor | None, _: str) -> Launch:
    if point.operator != "stores" or out is None:
        raise UsageError(f"has stores, not {point.operator}")
    use = measured_once()
    launch = partial(_stored, inputs["x"], out, floats(point))
    return Figured(launch, {name: float(getattr(use, name)) for name in SIZES})


def _stored(small: torch.Tensor, out: torch.Tensor, count: int) -> torch.Tensor:
    squares(small, address(out), count, past_caches=False)
    return out


BACKEND = Backend(
    about="C++ stores through and around the caches, compared at many sizes",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32"}),
    modes=frozenset({"out"}),
    by_name=True,
    unavailable=why_not,
)
