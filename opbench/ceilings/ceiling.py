"""The ceilings of one machine, and the rate between two of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("read", "write", "copy", "multiply_add", "matrix", "call", "launch", "page")
"""What of a machine is measured: bytes a second that are read, written, or copied (read and written alike, both
counted); multiply-adds a second in registers and of matrix products; seconds of an empty call, of an empty kernel or
parallel region, and of a page fault."""

MEMORY = ("read", "write", "copy")
ARITHMETIC = ("multiply_add", "matrix")
COSTS = ("call", "launch", "page")

ENDS = ("low", "mid", "high")
"""The fields of a `Rate`."""


@dataclass(frozen=True)
class Rate:
    """A ceiling: the best that was sustained, between the round that did worst and the best that may be found.

    Rates and costs alike: of a cost, `mid` is the smallest and `high` stands below it.
    """

    low: float
    mid: float
    high: float

    def at(self, end: str) -> float:
        """Return one of ENDS."""
        value: float = getattr(self, end)
        return value

    def covers(self, figure: float) -> bool:
        """Whether a figure lies between the low end and the high one."""
        return min(self.low, self.high) <= figure <= max(self.low, self.high)


@dataclass(frozen=True)
class Level:
    """A level of memory, and how many bytes of it all threads together have; DRAM has no end."""

    name: str
    size_bytes: float


@dataclass(frozen=True)
class Ceilings:
    """What one machine in one environment can do.

    environment: what the figures belong to, a part of `environment.describe`, see `opbench.ceilings.storage`.
    levels: the smallest first, DRAM last.
    bandwidth: of `read`, `write` and `copy`, bytes a second by the size of the working set in bytes, ascending.
    arithmetic: of `multiply_add` and `matrix`, multiply-adds a second by dtype.
    costs: seconds of a `call`, a `launch`, a `page`.
    opinions: what external tools say, by what they measured and their name: bytes a second.
    """

    environment: Mapping[str, Any]
    levels: tuple[Level, ...]
    bandwidth: Mapping[str, Mapping[int, Rate]]
    arithmetic: Mapping[str, Mapping[str, Rate]]
    costs: Mapping[str, Rate]
    revision: str = ""
    measured: str = ""
    seconds: float = 0.0
    opinions: Mapping[str, float] = field(default_factory=dict)

    def level(self, working_set_bytes: int) -> str:
        """Return the name of the smallest level that holds so many bytes."""
        fitting = (level.name for level in self.levels if working_set_bytes <= level.size_bytes)
        return next(fitting, self.levels[-1].name)

    def bytes_per_s(self, kind: str, working_set_bytes: int) -> Rate | None:
        """Return the rate at a size: between measured sizes on a line in logarithms, beyond them the nearest's.

        Between two levels that line lies above what a working set read in turns gets, of which the smaller level
        keeps nothing: the limit is rather too low than too high.
        """
        curve = self.bandwidth.get(kind, {})
        if not curve:
            return None
        sizes = list(curve)
        at = bisect_left(sizes, working_set_bytes)
        if at in {0, len(sizes)}:
            return curve[sizes[min(at, len(sizes) - 1)]]
        share = math.log(working_set_bytes / sizes[at - 1]) / math.log(sizes[at] / sizes[at - 1])
        below, above = curve[sizes[at - 1]], curve[sizes[at]]
        return Rate(*(below.at(end) ** (1 - share) * above.at(end) ** share for end in ENDS))

    def operations_per_s(self, kind: str, dtype: str) -> Rate | None:
        """Return multiply-adds a second; a dtype that has no rate of its own is computed in float32."""
        rates = self.arithmetic.get(kind, {})
        return rates.get(dtype) or rates.get("float32")
