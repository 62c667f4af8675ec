"""What the machine could do at most, read off the limits of records: a bandwidth of each memory level, one arithmetic.

Of a case's limit, all its bytes over the time they need alone are a bandwidth, all its operations over the time these
need alone are a rate. A level has several bandwidths: reads and writes are mixed differently, and between two working
sets that were measured a rate falls off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from opbench.vocabulary.record import Record
from reports.data.limits import SHADES


@dataclass(frozen=True)
class Roof:
    """The bandwidth of one memory level over the cases in it, in bytes a second."""

    level: str
    low: float
    mid: float
    high: float


@dataclass(frozen=True)
class Roofs:
    """What the machine could do at most.

    levels: memory levels, the nearest first.
    peak: FLOP/s; None where no case computes anything.
    """

    levels: tuple[Roof, ...]
    peak: float | None

    @property
    def ridge(self) -> float | None:
        """FLOP a byte from where on the slowest level is no limit any more."""
        return self.peak / min(roof.mid for roof in self.levels) if self.peak and self.levels else None


def roofs(records: Iterable[Record]) -> Roofs:
    """Read bandwidths and arithmetic off the records' limits."""
    rates: dict[str, list[float]] = defaultdict(list)
    peaks = []
    for record in records:
        work, limit = record.work, record.limit
        if work is None or limit is None:
            continue
        if limit.memory_s > 0:
            rates[limit.level].append(work.moved_bytes / limit.memory_s)
        if limit.arithmetic_s > 0:
            peaks.append(work.flops / limit.arithmetic_s)
    order = sorted(rates, key=lambda level: (list(SHADES).index(level) if level in SHADES else len(SHADES), level))
    levels = tuple(Roof(level, min(rates[level]), median(rates[level]), max(rates[level])) for level in order)
    return Roofs(levels, max(peaks, default=None))
