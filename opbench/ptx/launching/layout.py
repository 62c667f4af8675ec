"""Where declared variables are, and who runs: the threads of some blocks, with their special registers."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from opbench.ptx.frame import Memory
from opbench.ptx.memory.block import BlockMemory
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.memory.thread import ThreadMemory
from opbench.ptx.module import Kernel, Module, Variable
from opbench.ptx.number_types import Array
from opbench.ptx.threads import Threads

WARP = 32


def threads_of(
    numbers: Array, grid: tuple[int, int, int], block: tuple[int, int, int], shared: int, dynamic: int
) -> Threads:
    """All threads of the blocks with these numbers."""
    size = math.prod(block)
    single = {"%nwarpid": 64, "%smid": 0, "%nsmid": 132, "%total_smem_size": shared, "%dynamic_smem_size": dynamic}
    single |= {f"%ntid.{axis}": extent for axis, extent in zip("xyz", block, strict=True)}
    single |= {f"%nctaid.{axis}": extent for axis, extent in zip("xyz", grid, strict=True)}
    single |= {"WARP_SZ": WARP}

    def known(name: str) -> Array:
        if name in single:
            return np.array([single[name]], np.uint32)
        if name.startswith("%ctaid."):
            of_block = _along(numbers, grid, name[-1])
            return of_block if of_block.size == 1 else of_block[known("block")]
        return _of_threads(name, len(numbers), size, block)

    return Threads(len(numbers) * size, known)


@lru_cache(maxsize=64)
def _of_threads(name: str, blocks: int, size: int, shape: tuple[int, int, int]) -> Array:
    """The same for all launches of blocks of this shape."""
    if name in {"thread", "block"}:
        numbers = np.arange(blocks * size)
        return numbers % size if name == "thread" else numbers // size
    thread = _of_threads("thread", blocks, size, shape)
    if name == "warp":
        warp: Array = _of_threads("block", blocks, size, shape) * -(-size // WARP) + thread // WARP
        return warp
    if name.startswith("%tid."):
        return _along(thread, shape, name[-1])
    if name == "%warpid":
        return (thread // WARP).astype(np.uint32)
    lane = (thread % WARP).astype(np.uint32)
    return lane if name == "%laneid" else _lane_mask(name.removeprefix("%lanemask_"), lane)


def _lane_mask(relation: str, lane: Array) -> Array:
    own = np.uint32(1) << lane
    below = own - np.uint32(1)
    masks: dict[str, Array] = {
        "eq": own, "lt": below, "le": below | own, "gt": ~(below | own), "ge": ~below,
    }  # fmt: skip
    return masks[relation]


def _along(numbers: Array, extents: tuple[int, int, int], axis: str) -> Array:
    """uint32: the place along that axis of what is numbered with x fastest; (1,) where all have the same."""
    at = "xyz".index(axis)
    if extents[at] == 1:
        return np.zeros(1, np.uint32)
    below = math.prod(extents[:at])
    found = numbers // below if below > 1 else numbers
    return (found % extents[at] if math.prod(extents[at + 1 :]) > 1 else found).astype(np.uint32)


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

    def memory(
        self,
        blocks: int,
        threads: int,
        granule: int,
        parameters: Array,
        lanes: bool = False,
        orders: np.random.Generator | None = None,
    ) -> Memory:
        """lanes: whether races within a warp are looked for. orders: see `Memory`."""
        regions: dict[str, Any] = {"global": self._device, "const": self._device}
        regions["shared"] = BlockMemory(blocks, self.shared, granule, -(-threads // WARP) if lanes else 0)
        regions["local"] = ThreadMemory(blocks, threads, self.local)
        return Memory(regions, self._addresses, parameters, orders)
