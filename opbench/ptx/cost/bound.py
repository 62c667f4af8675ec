"""The least time that moving a launch's bytes takes: a bound from below, and never a latency."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.errors import unknown
from opbench.ptx.counters import SECTOR, Counters


@dataclass(frozen=True, slots=True)
class Peak:
    """DRAM's bytes a second of a product, as its maker documents them: nothing here was measured.

    l2_bytes: of its L2 cache, in which what an earlier launch left may lie.
    """

    product: str
    bytes_per_s: float
    l2_bytes: int


PEAKS = {
    "sm_80": Peak("A100 SXM 80 GB", 2.039e12, 40 << 20),
    "sm_86": Peak("GeForce RTX 3090 Ti", 1.008e12, 6 << 20),
    "sm_89": Peak("GeForce RTX 4090", 1.008e12, 72 << 20),
    "sm_90": Peak("H200 SXM", 4.8e12, 50 << 20),
    "sm_100": Peak("B200", 8.0e12, 126 << 20),
}
"""For each architecture the product with the most bandwidth, so that no other can be faster than the bound. From
NVIDIA's data sheets and architecture papers.
"""


@dataclass(frozen=True, slots=True)
class Bound:
    """moved_bytes: the distinct sectors that are read, and those that are written, of 32 bytes.

    seconds: no less than this where all of it comes from DRAM and goes there.
    cached: whether all of it fits into L2, where it need not come from DRAM, and the bound need not hold.
    """

    moved_bytes: int
    seconds: float
    peak: Peak
    cached: bool


def bound(architecture: str, counters: Counters) -> Bound:
    """Raises UsageError for an architecture whose peak is not known."""
    if architecture not in PEAKS:
        raise unknown("architecture", architecture, PEAKS)
    peak = PEAKS[architecture]
    moved = SECTOR * (counters.distinct_sectors_read + counters.distinct_sectors_written)
    return Bound(moved, moved / peak.bytes_per_s, peak, moved <= peak.l2_bytes)
