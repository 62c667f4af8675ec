"""What a run costs, counted exactly: instructions, requests, sectors, barriers, branches that split a warp."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opbench.ptx.module import Instruction, Location
from opbench.ptx.number_types import Array

SECTOR = 32
"""Bytes that a GPU's memory moves at least."""
SECTOR_BITS = 42
"""Of a sector's number, for addresses of 47 bits."""


@dataclass(slots=True)
class Traffic:
    """Of one load, store or atomic of global memory.

    requests: warps that executed it. sectors: of 32 bytes, each counted once a request. bytes: asked for by threads.
    """

    text: str
    line: int
    location: Location | None
    store: bool
    requests: int = 0
    sectors: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Counters:
    """instructions: executed by warps, by opcode. thread_instructions: the same, by threads.

    branches: executed by warps; divergent_branches: those whose threads went both ways.
    traffic: by the place of the instruction in its kernel.
    """

    instructions: dict[str, int] = field(default_factory=dict)
    thread_instructions: int = 0
    barriers: int = 0
    branches: int = 0
    divergent_branches: int = 0
    traffic: dict[int, Traffic] = field(default_factory=dict)

    @property
    def sectors_read(self) -> int:
        return sum(each.sectors for each in self.traffic.values() if not each.store)

    @property
    def sectors_written(self) -> int:
        return sum(each.sectors for each in self.traffic.values() if each.store)

    @property
    def requests(self) -> int:
        return sum(each.requests for each in self.traffic.values())

    def executed(self, opcodes: dict[str, int], warps: int, threads: int) -> None:
        """A basic block with these instructions."""
        for opcode, count in opcodes.items():
            self.instructions[opcode] = self.instructions.get(opcode, 0) + count * warps
        self.thread_instructions += sum(opcodes.values()) * threads

    def accessed(self, instruction: Instruction, store: bool, warps: Array, addresses: Array, size: int) -> None:
        """One execution: warps int64 (n,) ascending, addresses uint64 (n,), aligned to `size` bytes."""
        traffic = self.traffic.get(instruction.place)
        if traffic is None:
            traffic = Traffic(instruction.text, instruction.line, instruction.location, store)
            self.traffic[instruction.place] = traffic
        keys = (warps << SECTOR_BITS) | (addresses.view(np.int64) >> 5)
        traffic.sectors += distinct(keys)
        traffic.requests += distinct(warps)
        traffic.bytes += addresses.size * size


def distinct(keys: Array) -> int:
    """How many there are, int64 (n,); quick where they ascend."""
    if not keys.size:
        return 0
    steps = keys[1:] - keys[:-1]
    if steps.size and steps.min() < 0:
        keys = np.sort(keys)
        steps = keys[1:] - keys[:-1]
    return 1 + int(np.count_nonzero(steps))
