"""How wide the three expansions are: the same n for all, one that ACH can really produce."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impls.cross_hadamard.pairs import pair_count
from opbench import Axes, Axis
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

AXES = (
    Axis("batch", "samples", default=1, minimum=0),
    Axis("channels", "input channels m", default=64),
    Axis("expansion", "wanted output channels over input channels", default=4),
    Axis("edge", "height and width", default=28),
)

CHECK_POINTS: tuple[Mapping[str, int], ...] = (
    {"batch": 3, "channels": 7, "expansion": 3, "edge": 5},
    {"batch": 2, "channels": 17, "expansion": 4, "edge": 7},
    {"batch": 1, "channels": 31, "expansion": 13, "edge": 3},
    {"batch": 5, "channels": 13, "expansion": 2, "edge": 1},
    {"batch": 1, "channels": 3, "expansion": 2, "edge": 1},
    {"batch": 2, "channels": 5, "expansion": 1, "edge": 3},
    {"batch": 1, "channels": 1, "expansion": 1, "edge": 1},
    {"batch": 0, "channels": 7, "expansion": 2, "edge": 3},
)


@dataclass(frozen=True)
class Width:
    """Sizes of one point: batch, edge, m input channels, k of them selected, n output channels."""

    batch: int
    edge: int
    m: int
    k: int
    n: int

    @property
    def pixels(self) -> int:
        """Elements of one channel over the whole batch."""
        return self.batch * self.edge**2

    @property
    def pairs(self) -> int:
        return self.n - self.m


def width(axes: Axes) -> Width:
    """k is the smallest with m + k(k-1)/2 >= m * expansion, and n = m + k(k-1)/2.

    Raises UsageError when m channels do not have that many pairs.
    """
    m, expansion = axes["channels"], axes["expansion"]
    k = _smallest_selection(m * expansion - m)
    if k > m:
        most = (m + pair_count(m)) // m
        raise UsageError(
            f"expansion {expansion} of {m} channels needs {m * expansion} output channels, but with all "
            f"{pair_count(m)} pairs there are {m + pair_count(m)}; ask for expansion <= {most} or for more channels"
        )
    return Width(axes["batch"], axes["edge"], m, k, m + pair_count(k))


def sizes(axes: Axes) -> Mapping[str, int]:
    size = width(axes)
    return {"out_channels": size.n, "selected": size.k}


def _smallest_selection(pairs: int) -> int:
    """The smallest k with k(k-1)/2 >= pairs; 0 for none."""
    if pairs == 0:
        return 0
    k = (1 + math.isqrt(8 * pairs - 7)) // 2
    return k if pair_count(k) >= pairs else k + 1
