"""The least time a case can take on its machine: the roofline, and what sets it.

A roofline (Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009) bounds a computation by the slower
of moving its bytes and doing its arithmetic. Here bytes move at the rate of the memory level that the case's working
set fits into, and no call is quicker than one that does nothing. How it is computed: `opbench.ceilings.roofline`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

IMPOSSIBLE = 1.05
"""A figure above this share of its limit, measured again beside it, is not believed."""


@dataclass(frozen=True)
class Limit:
    """Seconds per call that each resource alone would need.

    level: the memory level that holds the working set (`L1`, `L2`, `L3`, `DRAM`), whose rates `memory_s` goes by.
    memory_s, arithmetic_s: all of `Work`'s bytes, all of its operations, at the ceilings of the case's dtype.
    launch_s: a call that does nothing, on a GPU a kernel that does nothing.
    allocation_s: the page faults this record counted, at this machine's price; no part of the limit, since a backend
        can do without them.
    slowest_s: the limit where every ceiling is at the low end of its interval; quickest_s: at the high end.
    """

    level: str
    memory_s: float
    arithmetic_s: float
    launch_s: float
    allocation_s: float
    slowest_s: float
    quickest_s: float

    def __post_init__(self) -> None:
        """Raises ValueError for seconds that no ceilings give."""
        for name, value in vars(self).items():
            if name != "level" and not 0 <= value < math.inf:
                raise ValueError(f"{name} of a limit is {value}; expected seconds from 0 on")

    @property
    def seconds(self) -> float:
        """The limit itself."""
        return max(self.roof_s, self.launch_s)

    @property
    def roof_s(self) -> float:
        """The roofline alone: what the work takes, however it is called."""
        return max(self.memory_s, self.arithmetic_s)

    @property
    def set_by(self) -> str:
        """What sets the limit, the same for all backends of a point: a memory level, `arithmetic` or `launch`."""
        needs = {self.level: self.memory_s, "arithmetic": self.arithmetic_s, "launch": self.launch_s}
        return max(needs, key=needs.__getitem__)

    @property
    def bound_by(self) -> str:
        """What takes longest: what sets the limit, or `allocation`."""
        return "allocation" if self.allocation_s > self.seconds else self.set_by
