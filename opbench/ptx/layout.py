"""Where declared variables are, and who runs: the threads of some blocks, with their special registers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opbench.ptx.frame import Memory, Threads
from opbench.ptx.memory.block import BlockMemory
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.memory.thread import ThreadMemory
from opbench.ptx.module import Kernel, Module, Variable
from opbench.ptx.number_types import Array

WARP = 32


def threads_of(
    numbers: Array, grid: tuple[int, int, int], block: tuple[int, int, int], shared: int, dynamic: int
) -> Threads:
    """All threads of the blocks with these numbers."""
    size = math.prod(block)
    thread = np.tile(np.arange(size), len(numbers))
    which = np.repeat(np.arange(len(numbers)), size)
    warps = -(-size // WARP)
    special: dict[str, Array] = {}
    at, of_grid = thread, numbers[which]
    for axis, extent, blocks in zip("xyz", block, grid, strict=True):
        special[f"%tid.{axis}"] = (at % extent).astype(np.uint32)
        special[f"%ctaid.{axis}"] = (of_grid % blocks).astype(np.uint32)
        special[f"%ntid.{axis}"] = np.array([extent], np.uint32)
        special[f"%nctaid.{axis}"] = np.array([blocks], np.uint32)
        at, of_grid = at // extent, of_grid // blocks
    lane = (thread % WARP).astype(np.uint32)
    one = np.uint32(1)
    special |= {"%laneid": lane, "%warpid": (thread // WARP).astype(np.uint32), "%lanemask_eq": one << lane}
    special["%lanemask_lt"] = (one << lane) - one
    special["%lanemask_le"] = special["%lanemask_lt"] | special["%lanemask_eq"]
    special["%lanemask_gt"], special["%lanemask_ge"] = ~special["%lanemask_le"], ~special["%lanemask_lt"]
    single = {"%nwarpid": 64, "%smid": 0, "%nsmid": 132, "%total_smem_size": shared, "%dynamic_smem_size": dynamic}
    special |= {name: np.array([number], np.uint32) for name, number in (single | {"WARP_SZ": WARP}).items()}
    return Threads(which, thread, which * warps + thread // WARP, special)


class Layout:
    """Where declared variables are. static, shared: bytes of a block's shared memory, without and with dynamic ones."""

    def __init__(self, module: Module, kernel: Kernel, device: DeviceMemory, dynamic: int) -> None:
        self._device = device
        self._addresses = {each.name: each.offset for each in kernel.parameters}
        declared = [*module.variables, *kernel.variables]
        for each in declared:
            if each.space in {"global", "const"}:
                content = np.zeros(each.size, np.uint8)
                content[: len(each.initial)] = np.frombuffer(each.initial, np.uint8)
                self._addresses[each.name] = device.allocate(f"variable {each.name}", content, each.align)
        self.static = self.shared = self._place([each for each in declared if each.space == "shared" and each.size])
        for each in declared:
            if each.space == "shared" and not each.size:
                self._addresses[each.name] = -(-self.shared // each.align) * each.align
        self.shared = -(-self.shared // 16) * 16 + dynamic if dynamic else self.shared
        self.local = self._place([each for each in declared if each.space == "local"])

    def _place(self, variables: list[Variable]) -> int:
        end = 0
        for each in variables:
            self._addresses[each.name] = -(-end // each.align) * each.align
            end = self._addresses[each.name] + each.size
        return end

    def memory(self, blocks: int, threads: int, granule: int, parameters: Array, lanes: bool = False) -> Memory:
        """lanes: whether races within a warp are looked for."""
        regions: dict[str, Any] = {"global": self._device, "const": self._device}
        regions["shared"] = BlockMemory(blocks, self.shared, granule, -(-threads // WARP) if lanes else 0)
        regions["local"] = ThreadMemory(blocks, threads, self.local)
        return Memory(regions, self._addresses, parameters)
