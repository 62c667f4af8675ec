"""What one call of a GPU backend costs where its compiler's PTX is executed: counted, and never timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec

from opbench.vocabulary.case import Case, Point

SECTOR = 32
"""Bytes of global memory that a GPU moves at least."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""What a file may say of a number that was counted."""


@dataclass(frozen=True)
class SimulatedCount:
    """All launches of one call together, counted exactly.

    by: what was executed, such as "Triton's PTX". architecture: that it was compiled for, such as "sm_90".
    least_read_bytes, least_written_bytes: the least that the call needs (`Work`).
    thread_instructions: executed by threads. requests: loads and stores of warps, to global memory.
    sectors_read, sectors_written: of 32 bytes, a sector counted once a request; distinct ones once a launch.
    requested_bytes: of global memory, asked for by threads.
    wavefronts, conflicts: turns at the banks of shared memory, and those beyond the fewest.
    branches: executed by warps; divergent_branches: those that split a warp.
    registers, spill_bytes: of a thread, the most of any launch; None where nothing here assembles the PTX.
    shared_bytes: of a block, static and dynamic, the most of any launch.
    """

    case: Case
    by: str
    architecture: str
    least_read_bytes: Count
    least_written_bytes: Count
    launches: Count
    thread_instructions: Count
    requests: Count
    sectors_read: Count
    sectors_written: Count
    distinct_sectors_read: Count
    distinct_sectors_written: Count
    requested_bytes: Count
    wavefronts: Count
    conflicts: Count
    branches: Count
    divergent_branches: Count
    shared_bytes: Count
    registers: Count | None = None
    spill_bytes: Count | None = None

    @property
    def read_over_least(self) -> float | None:
        """Bytes of the sectors that are read over the least; None where the call needs to read nothing."""
        return _over(self.sectors_read, self.least_read_bytes)

    @property
    def written_over_least(self) -> float | None:
        return _over(self.sectors_written, self.least_written_bytes)

    @property
    def distinct_read_over_least(self) -> float | None:
        """What of it cannot come from a cache that is empty at the launch."""
        return _over(self.distinct_sectors_read, self.least_read_bytes)

    @property
    def distinct_written_over_least(self) -> float | None:
        return _over(self.distinct_sectors_written, self.least_written_bytes)

    @property
    def coalescing(self) -> float | None:
        """Bytes asked for over bytes of the sectors: above 1 where threads share what they read. None without any."""
        sectors = self.sectors_read + self.sectors_written
        return self.requested_bytes / (SECTOR * sectors) if sectors else None

    @property
    def divergence(self) -> float | None:
        """The share of branches that split a warp; None without branches."""
        return self.divergent_branches / self.branches if self.branches else None


@dataclass(frozen=True)
class NotCounted:
    """A backend that has no count at a point, or at none, and why.

    faulty: whether it is the backend's own fault: its kernels do not compile, or did what they must not.
    point: None where it is left out at every one.
    """

    backend: str
    reason: str
    faulty: bool = False
    point: Point | None = None


def _over(sectors: int, least_bytes: int) -> float | None:
    return SECTOR * sectors / least_bytes if least_bytes else None
