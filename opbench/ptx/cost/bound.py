"""The least time that moving a launch's bytes takes: a bound from below, and never a latency."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.errors import UsageError
from opbench.ptx.counters import SECTOR, Counters

A100_DATASHEET = (
    "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/"
    "nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf"
)
ADA_PAPER = "https://images.nvidia.com/aem-dam/Solutions/geforce/ada/nvidia-ada-gpu-architecture.pdf"
AMPERE_GUIDE = (
    "https://docs.nvidia.com/cuda/ampere-tuning-guide/index.html#increased-l2-capacity-and-l2-residency-controls"
)
BLACKWELL_GUIDE = "https://docs.nvidia.com/cuda/blackwell-tuning-guide/index.html#increased-l2-capacity"
GB200_PAGE = "https://www.nvidia.com/en-us/data-center/gb200-nvl72/"
H200_PAGE = "https://www.nvidia.com/en-us/data-center/h200/"


@dataclass(frozen=True, slots=True)
class Peak:
    """DRAM's bytes a second of a product, as its maker documents them: nothing here was measured.

    source: NVIDIA's page that says so.
    l2_bytes: of its L2 cache, in which what an earlier launch left may lie, as the page `l2_source` says; None where
    no page of NVIDIA's was found that says it of this product.
    """

    product: str
    bytes_per_s: float
    source: str
    l2_bytes: int | None = None
    l2_source: str = ""


PEAKS = {
    "sm_80": Peak("A100 SXM 80 GB", 2.039e12, A100_DATASHEET, 40 << 20, AMPERE_GUIDE),
    "sm_89": Peak("GeForce RTX 4090", 1.008e12, ADA_PAPER, 72 << 20, ADA_PAPER),
    "sm_90": Peak("H200 SXM", 4.8e12, H200_PAGE),
    "sm_100": Peak("GB200, one of its two GPUs", 8.0e12, GB200_PAGE, 126 << 20, BLACKWELL_GUIDE),
}
"""A product of each architecture, and a bound is of that product: another may have more bandwidth, such as a GH200 of
sm_90. sm_86 has none: no page of NVIDIA's was found for its fastest product. The 50 MB of L2 in the Hopper Tuning Guide
are the H100's. The Ada paper has both figures in table 2 of its appendix A; GB200 has 16 TB/s for two.
"""


@dataclass(frozen=True, slots=True)
class Bound:
    """moved_bytes: the distinct sectors that are read, and those that are written, of 32 bytes.

    seconds: no less than this on the peak's product, where all of it comes from DRAM and goes there.
    cached: whether all of it fits into L2, where it need not come from DRAM, and the bound need not hold; None where
    the size of L2 is not documented.
    """

    moved_bytes: int
    seconds: float
    peak: Peak
    cached: bool | None


def bound(architecture: str, counters: Counters) -> Bound:
    """Raises UsageError for an architecture whose peak is not known."""
    if architecture not in PEAKS:
        raise UsageError(
            f"no bound for {architecture}: no bandwidth of its memory is known by a page of NVIDIA's; it is of "
            f"{', '.join(PEAKS)} (--arch)"
        )
    peak = PEAKS[architecture]
    moved = SECTOR * (counters.distinct_sectors_read + counters.distinct_sectors_written)
    fits = None if peak.l2_bytes is None else moved <= peak.l2_bytes
    return Bound(moved, moved / peak.bytes_per_s, peak, fits)
