"""Where threads wait for each other: barriers of a block, and instructions that a whole warp executes together."""

from __future__ import annotations

import numpy as np

from opbench.ptx.counters import Counters
from opbench.ptx.frame import Memory
from opbench.ptx.memory.block import BlockMemory
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.module import Immediate, Instruction, Register
from opbench.ptx.number_types import Array
from opbench.ptx.running.translate import Code, Program, of_block
from opbench.ptx.threads import Threads

FULL = 0xFFFFFFFF


class Gates:
    """Who stands at a gate (a basic block that begins with such an instruction) and may not enter it yet."""

    def __init__(self, program: Program, memory: Memory, counters: Counters) -> None:
        self._codes = program.codes
        self._barriers = program.barriers
        self._memory, self._counters = memory, counters
        self._passed: Array = np.zeros(0, np.bool_)

    def pending(self) -> bool:
        """Whether some threads met at a barrier and have not gone on yet."""
        return bool(self._passed.any())

    def clear(self) -> None:
        """All threads are at one place."""
        self._passed = np.zeros(0, np.bool_)

    def keep(self, places: Array) -> None:
        """Only the threads at `places` are left."""
        self._passed = self._passed[places] if self._passed.size else self._passed

    def all_pass(self, code: Code, threads: Threads) -> None:
        """All threads that there are stand at this gate, so every one may enter."""
        if of_block(code.block.instructions[0]):
            self._meet(threads.blocks)
        else:
            self._converge(threads.warp)

    def enter(self, at: int, lanes: Array, places: Array, values: list[Array], threads: Threads) -> Array:
        """Those of `lanes`, who stand at gate `at`, that may enter.

        places: int64 (n,), the block at which each thread stands.
        """
        instruction = self._codes[at].block.instructions[0]
        if of_block(instruction):
            return self._enter_barrier(lanes, places, threads)
        return self._enter_warp(instruction, lanes, values, threads)

    def _enter_barrier(self, lanes: Array, places: Array, threads: Threads) -> Array:
        """Blocks of which every thread stands at a barrier, and every warp at one and the same."""
        if not self._passed.size:
            self._passed = np.zeros(places.size, np.bool_)
        numbers = np.where(self._passed, -1, self._barriers[places])
        first = _starts(threads.block)
        low, high = np.minimum.reduceat(numbers, first), np.maximum.reduceat(numbers, first)
        whole = np.zeros(int(threads.block[-1]) + 1, np.bool_)
        whole[threads.block[first]] = (low == high) & (low >= 0)
        warps = _starts(threads.warp)
        split = np.minimum.reduceat(places, warps) != np.maximum.reduceat(places, warps)
        whole[threads.block[warps][split]] = False
        if whole.any():
            self._meet(np.flatnonzero(whole))
            self._passed |= whole[threads.block]
        entering = lanes[self._passed[lanes]]
        self._passed[entering] = False
        return entering

    def _meet(self, blocks: Array) -> None:
        self._counters.barriers += blocks.size
        shared = self._memory.regions["shared"]
        if isinstance(shared, BlockMemory):
            shared.passed(blocks)
        device = self._memory.regions["global"]
        if isinstance(device, DeviceMemory) and device.shadow is not None:
            device.shadow.passed(blocks)

    def _enter_warp(self, instruction: Instruction, lanes: Array, values: list[Array], threads: Threads) -> Array:
        """Those of warps in which every thread that is named, and has not exited, stands here."""
        bits = np.broadcast_to(threads.of("%lanemask_eq"), (threads.count,))
        warps = int(threads.warp[-1]) + 1
        alive, here = np.zeros(warps, np.uint32), np.zeros(warps, np.uint32)
        np.bitwise_or.at(alive, threads.warp, bits)
        np.bitwise_or.at(here, threads.warp[lanes], bits[lanes])
        missing = self._members(instruction, values)
        missing = missing[lanes] if missing.size > 1 else missing
        own = threads.warp[lanes]
        complete: Array = (missing & alive[own] & ~here[own]) == 0
        self._converge(own[complete])
        return lanes[complete]

    def _converge(self, warps: Array) -> None:
        """The threads of these warps have met."""
        shared = self._memory.regions["shared"]
        if isinstance(shared, BlockMemory) and shared.lockstep is not None:
            shared.lockstep.converged(np.unique(warps))

    @staticmethod
    def _members(instruction: Instruction, values: list[Array]) -> Array:
        last = instruction.operands[-1]
        if instruction.opcode in {"ldmatrix", "stmatrix", "mma"}:
            return np.array([FULL], np.uint32)
        if isinstance(last, Immediate):
            return np.array([int(last.value) & FULL], np.uint32)
        assert isinstance(last, Register)
        return values[last.place].astype(np.uint32)


def _starts(ascending: Array) -> Array:
    """Where each value begins."""
    return np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
