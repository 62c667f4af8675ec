"""What a run costs, counted exactly: instructions, requests, sectors, bank conflicts, branches that split a warp."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from opbench.ptx.banks import wavefronts
from opbench.ptx.module import Instruction
from opbench.ptx.number_types import Array

SECTOR = 32
"""Bytes that a GPU's memory moves at least."""
SECTOR_SHIFT = SECTOR.bit_length() - 1
SECTOR_BITS = 42
"""Of a sector's number, for addresses of 47 bits."""


@dataclass(slots=True)
class Traffic:
    """Of one load, store or atomic, in one space: `global`, `shared` or `local`.

    store: whether it writes; atomic: whether it reads at once. requests: warps that executed it.
    bytes: asked for by threads.
    sectors: of 32 bytes, each counted once a request; of shared memory 0.
    touched: bool, by the number of a sector in global memory: those that it came to at all.
    wavefronts, ideal: turns at the banks of shared memory, and the fewest that there could be; elsewhere 0.
    """

    instruction: Instruction
    space: str
    store: bool
    atomic: bool = False
    requests: int = 0
    sectors: int = 0
    bytes: int = 0
    wavefronts: int = 0
    ideal: int = 0
    touched: Array = field(default_factory=lambda: np.zeros(0, np.bool_))

    @property
    def text(self) -> str:
        return self.instruction.text

    @property
    def coalescing(self) -> float | None:
        """Bytes asked for over the bytes of its sectors: 1 where all that moves is asked for, above 1 where threads
        ask for the same bytes. None where it moves no sectors.
        """
        return self.bytes / (SECTOR * self.sectors) if self.sectors else None

    @property
    def conflicts(self) -> int:
        """Turns at the banks beyond the fewest."""
        return self.wavefronts - self.ideal

    def touch(self, sectors: Array) -> None:
        """int64 (n,)."""
        end = int(sectors.max()) + 1
        if end > self.touched.size:
            grown = np.zeros(max(end, 2 * self.touched.size), np.bool_)
            grown[: self.touched.size] = self.touched
            self.touched = grown
        self.touched[sectors] = True


@dataclass(slots=True)
class Executed:
    """An instruction: how many warps and threads executed it; of a branch also how many warps went both ways."""

    instruction: Instruction
    warps: int = 0
    threads: int = 0
    divergent: int = 0


@dataclass(slots=True)
class Counters:
    """thread_instructions: executed by threads. barriers: met by whole blocks.

    branches: executed by warps; divergent_branches: those whose threads went both ways.
    executed: by the place of the instruction in its kernel. What stands under a guard counts whether it holds or not:
    a device issues it all the same.
    accesses: by place and space.
    """

    thread_instructions: int = 0
    barriers: int = 0
    branches: int = 0
    divergent_branches: int = 0
    executed: dict[int, Executed] = field(default_factory=dict)
    accesses: dict[tuple[int, str], Traffic] = field(default_factory=dict)

    @property
    def instructions(self) -> dict[str, int]:
        """Executed by warps, by opcode."""
        found: dict[str, int] = {}
        for each in self.executed.values():
            found[each.instruction.opcode] = found.get(each.instruction.opcode, 0) + each.warps
        return found

    @property
    def traffic(self) -> dict[int, Traffic]:
        """That of global memory, by the place of the instruction."""
        return {place: each for (place, space), each in self.accesses.items() if space == "global"}

    @property
    def sectors_read(self) -> int:
        return sum(each.sectors for each in self.traffic.values() if not each.store)

    @property
    def sectors_written(self) -> int:
        return sum(each.sectors for each in self.traffic.values() if each.store)

    @property
    def distinct_sectors_read(self) -> int:
        """Each counted once, whoever read it and however often; those that atomics update among them."""
        return _touched(each.touched for each in self.traffic.values() if not each.store or each.atomic)

    @property
    def distinct_sectors_written(self) -> int:
        return _touched(each.touched for each in self.traffic.values() if each.store)

    @property
    def requests(self) -> int:
        return sum(each.requests for each in self.traffic.values())

    @property
    def conflicts(self) -> int:
        """Turns at the banks of shared memory beyond the fewest."""
        return sum(each.conflicts for each in self.accesses.values())

    def ran(self, instructions: list[Instruction], warps: int, threads: int) -> None:
        """A basic block with these instructions. `thread_instructions` has them already."""
        for each in instructions:
            counted = self.executed.get(each.place)
            if counted is None:
                counted = self.executed[each.place] = Executed(each)
            counted.warps += warps
            counted.threads += threads

    def branched(self, instruction: Instruction, warps: int, divergent: int = 0) -> None:
        """A branch, after `ran`."""
        self.branches += warps
        self.divergent_branches += divergent
        self.executed[instruction.place].divergent += divergent

    def accessed_global(self, instruction: Instruction, kind: str, warps: Array, positions: Array, size: int) -> None:
        """One execution: warps int64 (n,) ascending; positions int64 (n,) in global memory, aligned to `size` bytes.

        kind: what it does, `reads`, `writes` or `updates`.
        """
        traffic = self._traffic(instruction, "global", kind, warps, positions.size * size)
        if positions.size:
            sectors = positions >> SECTOR_SHIFT
            keys = (warps << SECTOR_BITS) | sectors
            steps = keys[1:] - keys[:-1]
            if not steps.size or steps.min() >= 0:  # as where a warp's accesses lie behind each other
                first = np.concatenate(([True], steps != 0))
                sectors = sectors[first]
                traffic.sectors += sectors.size
            else:
                traffic.sectors += distinct(keys)
            traffic.touch(sectors)

    def accessed_shared(
        self, instruction: Instruction, kind: str, warps: Array, lanes: Array, addresses: Array, size: int
    ) -> None:
        """The same in shared memory; lanes int64 (n,)."""
        traffic = self._traffic(instruction, "shared", kind, warps, addresses.size * size)
        taken, fewest = wavefronts(warps, lanes, addresses, size)
        traffic.wavefronts += taken
        traffic.ideal += fewest

    def accessed_local(
        self, instruction: Instruction, kind: str, warps: Array, lanes: Array, addresses: Array, size: int
    ) -> None:
        """The same in local memory, which devices lay out word by word over the lanes (CUDA C++ Programming Guide,
        "Local Memory"): eight lanes that access one word of theirs share a sector.
        """
        traffic = self._traffic(instruction, "local", kind, warps, addresses.size * size)
        for step in range(max(1, size // 4)):
            sectors = (addresses // 4 + step) * 4 + lanes // 8
            traffic.sectors += distinct((warps << SECTOR_BITS) | sectors)

    def _traffic(self, instruction: Instruction, space: str, kind: str, warps: Array, size: int) -> Traffic:
        key = instruction.place, space
        traffic = self.accesses.get(key)
        if traffic is None:
            traffic = self.accesses[key] = Traffic(instruction, space, kind != "reads", kind == "updates")
        traffic.requests += distinct(warps)
        traffic.bytes += size
        return traffic


def _touched(parts: Iterable[Array]) -> int:
    """How many places hold true in any of them."""
    whole = np.zeros(0, np.bool_)
    for part in parts:
        longer, shorter = (whole, part) if whole.size >= part.size else (part, whole)
        whole = longer.copy()
        whole[: shorter.size] |= shorter
    return int(np.count_nonzero(whole))


def distinct(keys: Array) -> int:
    """How many there are, int64 (n,); quick where they ascend."""
    if not keys.size:
        return 0
    steps = keys[1:] - keys[:-1]
    if steps.size and steps.min() < 0:
        keys = np.sort(keys)
        steps = keys[1:] - keys[:-1]
    return 1 + int(np.count_nonzero(steps))
