"""How many blocks of a kernel a multiprocessor holds at once, and what keeps it from holding more.

The rules are those of NVIDIA's occupancy calculator (`cuda_occupancy.h` of the CUDA Toolkit 13), which has the same
for compute capabilities 8 to 12: `cudaOccRegAllocationGranularity` 256 registers a warp,
`cudaOccSubPartitionsPerMultiprocessor` 4, `cudaOccSMemAllocationGranularity` 128 bytes, which a block's reserved bytes
are added to before they are rounded up. It takes the reserved bytes from the device: they
are the 1 KiB by which a block may have less than a multiprocessor has (CUDA C++ Programming Guide, "Compute
Capabilities").
"""

from __future__ import annotations

from dataclasses import dataclass

from opbench.errors import UsageError
from opbench.ptx.launching.simulated_device import Properties

WARP = 32
REGISTER_UNIT = 256
"""Registers that a warp gets at once."""
PARTS = 4
"""Of a multiprocessor, each with a quarter of its registers; a warp lives in one of them."""
SHARED_UNIT = 128
RESERVED_SHARED = 1024
"""Bytes of shared memory that a block takes besides its own, from sm_80 on."""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Of one multiprocessor.

    blocks, warps: resident at most, with as much shared memory as the device can be set to have.
    most_warps: that it has room for at all.
    limits: the blocks that threads, blocks, registers and shared memory each leave room for.
    """

    blocks: int
    warps: int
    most_warps: int
    limits: dict[str, int]

    @property
    def share(self) -> float:
        """Resident warps over those that there is room for."""
        return self.warps / self.most_warps

    @property
    def limited_by(self) -> tuple[str, ...]:
        """The resources that leave room for the fewest blocks."""
        return tuple(name for name, blocks in self.limits.items() if blocks == self.blocks)


def occupancy(properties: Properties, threads: int, registers: int, shared_bytes: int) -> Occupancy:
    """threads: of a block. registers: of a thread. shared_bytes: of a block, static and dynamic.

    Raises UsageError where not even one block fits.
    """
    warps = -(-threads // WARP)
    most_warps = properties.threads // WARP
    warp_registers = -(-max(registers, 1) * WARP // REGISTER_UNIT) * REGISTER_UNIT
    room = properties.registers // PARTS // warp_registers * PARTS
    taken = -(-(shared_bytes + RESERVED_SHARED) // SHARED_UNIT) * SHARED_UNIT
    limits = {
        "threads": most_warps // warps,
        "blocks": properties.blocks,
        "registers": room // warps,
        "shared memory": properties.shared_bytes // taken,
    }
    blocks = min(limits.values())
    if not blocks:
        short = ", ".join(name for name, each in limits.items() if not each)
        raise UsageError(
            f"no block of {threads} threads, {registers} registers a thread and {shared_bytes} bytes of shared memory "
            f"fits on {properties.architecture}: not enough {short}; make the block smaller"
        )
    return Occupancy(blocks, blocks * warps, most_warps, limits)
