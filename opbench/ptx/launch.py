"""One launch: arguments laid out in memory, blocks run some at a time, arrays given back what was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from opbench.errors import UsageError
from opbench.ptx.counters import Counters
from opbench.ptx.frame import Memory, Threads
from opbench.ptx.machine import Machine
from opbench.ptx.memory.block import BlockMemory
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.memory.thread import ThreadMemory
from opbench.ptx.module import Kernel, Module, Parameter, Variable
from opbench.ptx.text.parser import parse
from opbench.ptx.translate import Program, program
from opbench.ptx.types import NUMPY, Array

WARP = 32
TOGETHER = 16384
"""Threads that run at once: registers of so many stay in a cache of 1 to 2 MB, and the cost of a NumPy call is lost."""
MOST_THREADS, MOST_SHARED = 1024, 232448
"""Of a block on sm_90."""
LARGEST_GRID = 2**31 - 1, 65535, 65535
LIMIT = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a launch did: its counters."""

    kernel: str
    counters: Counters


def run(
    ptx: str | Module,
    kernel: str | None,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    arguments: Sequence[Any],
    *,
    shared: int = 0,
    limit: int = LIMIT,
    seed: int | None = None,
) -> Result:
    """Executes a kernel; its arrays hold afterwards what it wrote.

    ptx: text, or what `parse` made of it.
    kernel: its name; None where there is only one.
    grid, block: one to three sizes each.
    arguments: contiguous NumPy arrays and CPU tensors for pointers, numbers for the others. An array that is given
    twice is one allocation. Trailing pointers may be left out and are null: compilers add some of their own.
    shared: bytes of dynamic shared memory of a block.
    limit: instructions, summed over threads, after which it stops.
    seed: of an order in which the blocks run; None runs them as they are numbered.
    Raises UsageError for a launch that cannot be, KernelError for what a thread must not do.
    """
    module = parse(ptx) if isinstance(ptx, str) else ptx
    chosen = module.kernel(kernel)
    sizes, shape = _sizes("grid", grid, LARGEST_GRID), _sizes("block", block, (1024, 1024, 64))
    _check_block(chosen, shape)
    device = DeviceMemory()
    arrays = _Arguments(device, chosen)
    parameters = arrays.place(arguments)
    layout = _Layout(module, chosen, device, shared)
    device.seal()
    counters = Counters()
    made = program(chosen)
    for numbers in _batches(math.prod(sizes), math.prod(shape), seed):
        threads = _threads(numbers, sizes, shape, layout.shared, shared)
        memory = layout.memory(len(numbers), math.prod(shape), made, parameters)
        names = [str(tuple(map(int, np.unravel_index(each, sizes[::-1])))[::-1]) for each in numbers.tolist()]
        Machine(module, made, threads, memory, counters, names, limit).run()
    arrays.give_back()
    return Result(chosen.name, counters)


def _sizes(what: str, given: int | Sequence[int], most: tuple[int, ...]) -> tuple[int, int, int]:
    sizes = (given,) if isinstance(given, int) else tuple(given)
    if not 1 <= len(sizes) <= 3 or any(not 1 <= each <= top for each, top in zip(sizes, most, strict=False)):
        expected = " x ".join(map(str, most))
        raise UsageError(f"{what} {sizes}: expected one to three sizes from 1 up to {expected}")
    x, y, z = (*sizes, 1, 1)[:3]
    return x, y, z


def _check_block(kernel: Kernel, shape: tuple[int, int, int]) -> None:
    threads = math.prod(shape)
    if threads > MOST_THREADS:
        raise UsageError(f"block {shape} has {threads} threads; a device takes up to {MOST_THREADS}")
    required = (*kernel.required_threads, 1, 1)[:3]
    if kernel.required_threads and required != shape:
        raise UsageError(f"block {shape}: kernel {kernel.name} was compiled for blocks of {required}; give it that")
    if kernel.most_threads and threads > math.prod(kernel.most_threads):
        most = math.prod(kernel.most_threads)
        raise UsageError(f"block {shape} has {threads} threads; kernel {kernel.name} was compiled for up to {most}")


def _batches(blocks: int, threads: int, seed: int | None) -> list[Array]:
    order = np.arange(blocks) if seed is None else np.random.default_rng(seed).permutation(blocks)
    return np.array_split(order, -(-blocks // max(1, TOGETHER // threads)))


def _threads(
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


class _Layout:
    """Where declared variables are."""

    def __init__(self, module: Module, kernel: Kernel, device: DeviceMemory, dynamic: int) -> None:
        self._device = device
        self._addresses = {each.name: each.offset for each in kernel.parameters}
        declared = [*module.variables, *kernel.variables]
        for each in declared:
            if each.space in {"global", "const"}:
                content = np.zeros(each.size, np.uint8)
                content[: len(each.initial)] = np.frombuffer(each.initial, np.uint8)
                self._addresses[each.name] = device.allocate(f"variable {each.name}", content, each.align)
        self.shared = self._place([each for each in declared if each.space == "shared" and each.size])
        for each in declared:
            if each.space == "shared" and not each.size:
                self._addresses[each.name] = -(-self.shared // each.align) * each.align
        self.shared = -(-self.shared // 16) * 16 + dynamic if dynamic else self.shared
        self.local = self._place([each for each in declared if each.space == "local"])
        if self.shared > MOST_SHARED:
            raise UsageError(
                f"{self.shared} bytes of shared memory; a block of kernel {kernel.name} can have up to {MOST_SHARED}"
            )

    def _place(self, variables: list[Variable]) -> int:
        end = 0
        for each in variables:
            self._addresses[each.name] = -(-end // each.align) * each.align
            end = self._addresses[each.name] + each.size
        return end

    def memory(self, blocks: int, threads: int, made: Program, parameters: Array) -> Memory:
        regions: dict[str, Any] = {"global": self._device, "const": self._device}
        regions["shared"] = BlockMemory(blocks, self.shared, made.granule)
        regions["local"] = ThreadMemory(blocks, threads, self.local)
        return Memory(regions, self._addresses, parameters)


class _Arguments:
    """The arguments of a launch: their bytes among the parameters, and the arrays behind pointers."""

    def __init__(self, device: DeviceMemory, kernel: Kernel) -> None:
        self._device, self._kernel = device, kernel
        self._arrays: list[tuple[Array, bool, str]] = []
        self._known: dict[tuple[int, int], int] = {}

    def place(self, arguments: Sequence[Any]) -> Array:
        """uint8: all parameters. Raises UsageError for the wrong number of them, and for what is no argument."""
        parameters = self._kernel.parameters
        extra = parameters[len(arguments) :]
        if len(arguments) > len(parameters) or any(each.type not in {"u64", "b64"} for each in extra):
            raise UsageError(
                f"{len(arguments)} arguments; kernel {self._kernel.name} takes {len(parameters)}: "
                f"{', '.join(f'{each.name} .{each.type}' for each in parameters)}"
            )
        end = max((each.offset + each.size for each in parameters), default=0)
        content = np.zeros(-(-end // 8) * 8, np.uint8)
        for parameter, argument in zip(parameters, arguments, strict=False):
            content[parameter.offset : parameter.offset + parameter.size] = self._bytes(parameter, argument)
        return content

    def _bytes(self, parameter: Parameter, argument: Any) -> Array:
        if isinstance(argument, bytes):
            raw = np.frombuffer(argument, np.uint8)
        elif isinstance(argument, np.ndarray | torch.Tensor):
            raw = np.array([self._address(parameter, argument)], np.uint64).view(np.uint8)
        elif isinstance(argument, int | float | np.number | np.bool_):
            raw = np.array([argument]).astype(NUMPY[parameter.type]).view(np.uint8)
        else:
            raise UsageError(
                f"{parameter.name}: {type(argument).__name__} is no argument; "
                "give a NumPy array, a CPU tensor, a number, or bytes"
            )
        if raw.size != parameter.size:
            raise UsageError(f"{parameter.name} has {parameter.size} bytes, the argument given for it {raw.size}")
        return raw

    def _address(self, parameter: Parameter, argument: Any) -> int:
        flat, writeable = _flat(parameter.name, argument)
        key = flat.ctypes.data, flat.size
        if key not in self._known:
            for other, _, name in self._arrays:
                if np.may_share_memory(other, flat):
                    raise UsageError(f"{parameter.name} overlaps {name}; give arrays that do not, or the same one")
            self._known[key] = self._device.allocate(parameter.name, flat)
            self._arrays.append((flat, writeable, parameter.name))
        return self._known[key]

    def give_back(self) -> None:
        """Raises UsageError where the kernel wrote into an array that is read-only."""
        for number, (flat, writeable, name) in enumerate(self._arrays):
            content = self._device.content(number)
            if writeable:
                flat[:] = content
            elif not np.array_equal(flat, content):
                raise UsageError(f"the kernel wrote into {name}, which is read-only; give it a copy")


def _flat(name: str, argument: Any) -> tuple[Array, bool]:
    """The bytes of an array, uint8 (size,), in place; and whether they may be written."""
    if isinstance(argument, torch.Tensor):
        if argument.device.type != "cpu" or not argument.is_contiguous():
            strided = "contiguous" if argument.is_contiguous() else "strided"
            raise UsageError(f"{name}: a {strided} tensor on {argument.device}; expected a contiguous one on the CPU")
        return argument.detach().reshape(-1).view(torch.uint8).numpy(), True
    if not argument.flags.c_contiguous:
        raise UsageError(f"{name}: an array that is not contiguous; give numpy.ascontiguousarray of it")
    return argument.reshape(-1).view(np.uint8), bool(argument.flags.writeable)
