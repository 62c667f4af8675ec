"""One launch: arguments laid out in memory, blocks run some at a time, arrays given back what was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from opbench.errors import UsageError
from opbench.ptx.counters import Counters
from opbench.ptx.frame import block_name
from opbench.ptx.launching.arguments import Arguments
from opbench.ptx.launching.layout import Layout, threads_of
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.memory.shadow import granule_of, orders_blocks
from opbench.ptx.module import Kernel, Module
from opbench.ptx.number_types import Array
from opbench.ptx.properties import MOST_THREADS, Properties, check_launch, properties_of
from opbench.ptx.running.machine import Machine
from opbench.ptx.running.translate import program
from opbench.ptx.text.parser import parse

TOGETHER = 16384
"""Threads that run at once. `python -m benchmarks.ptx.speed` on two shared cores of an Intel Xeon, in millions a second
for arithmetic, global memory, shared memory, divergence: 2048 threads 199, 81, 46, 71; 8192 421, 186, 79, 112;
16384 472, 214, 87, 119; 32768 290, 212, 83, 110; 65536 244, 184, 63, 118. Since then races
are looked for and accesses counted by instruction; at 16384 it is now 706, 127, 78, 503, beside other work.
"""
LARGEST_GRID = 2**31 - 1, 65535, 65535
LIMIT = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a launch did: its counters.

    module: what its kernel is of. grid, block: as launched. shared_bytes: of a block, static and dynamic.
    unwritten: for each output given as uninitialised that has holes, by its parameter's name: ranges of bytes, first
    and behind the last, that no thread wrote.
    """

    kernel: str
    counters: Counters
    module: Module
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int
    unwritten: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


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
    blocks: Sequence[int] | None = None,
    uninitialised: Sequence[Any] = (),
    races: bool = True,
    lane_races: bool = True,
    registers: int = 0,
    properties: Properties | None = None,
) -> Result:
    """Executes a kernel; its arrays hold afterwards what it wrote.

    ptx: text, or what `parse` made of it.
    kernel: its name; None where there is only one.
    grid, block: one to three sizes each.
    arguments: contiguous NumPy arrays and CPU tensors for pointers, numbers for the others. An array that is given
    twice is one allocation. Trailing pointers may be left out and are null: compilers add some of their own.
    shared: bytes of dynamic shared memory of a block.
    limit: instructions, summed over threads, after which it stops.
    seed: of an order in which the blocks run, and threads come to one place at an atomic; None takes both as they are
    numbered.
    blocks: numbers of those of the grid that run, x fastest; None for all.
    uninitialised: arrays among the arguments that are outputs: to read a byte of them that no thread wrote is an error.
    Or pairs of an array and a mask, bool for each of its bytes, of those that are written; it is kept up to date.
    races: whether those in global memory are looked for; never in kernels that order their blocks themselves.
    lane_races: whether those between the threads of one warp, in shared memory, are looked for.
    registers: of a thread in the kernel's binary, as `opbench.ptx.cost.inspect` tells; 0 where they are not known.
    properties: of the device; None for that of the PTX's target (`properties_of`).
    Raises UsageError for a launch that cannot be, KernelError for what a thread must not do.
    """
    module = read(ptx)
    chosen = module.kernel(kernel)
    made = program(chosen)
    sizes, shape = _sizes("grid", grid, LARGEST_GRID), _sizes("block", block, (1024, 1024, 64))
    _check_block(chosen, shape)
    device = DeviceMemory()
    arrays = Arguments(device, chosen)
    parameters = arrays.place(arguments)
    layout = Layout(module, chosen, device, shared)
    device.seal()
    held_to = properties or properties_of(module.target)
    check_launch(chosen, shape, layout.static, layout.shared, registers, held_to)
    outputs, masks = arrays.outputs(uninitialised)
    device.forget(masks)
    if races and not orders_blocks(chosen):
        device.watch(granule_of(chosen))
    counters = Counters()
    orders = None if seed is None else np.random.default_rng([seed, 1])  # not the draws that order the blocks
    for numbers in _batches(_numbers(math.prod(sizes), blocks), math.prod(shape), seed):
        if device.shadow is not None:
            device.shadow.begin(numbers, sizes)
        threads = threads_of(numbers, sizes, shape, layout.shared, shared)
        memory = layout.memory(len(numbers), math.prod(shape), made.granule, parameters, lane_races, orders)
        Machine(module, made, threads, memory, counters, partial(_block_name, numbers, sizes), limit).run()
    arrays.give_back()
    device.remember(masks)
    holes = {name: ranges for name, number in outputs.items() if (ranges := device.unwritten(number))}
    return Result(chosen.name, counters, module, sizes, shape, layout.shared, holes)


def _block_name(numbers: Array, grid: tuple[int, int, int], place: int) -> str:
    """Of the block at that place among those that run together."""
    return block_name(int(numbers[place]), grid)


def read(ptx: Any) -> Module:
    """The module of a text, or the module that it is.

    Raises UsageError for what is neither, such as a kernel of Triton's or Numba's.
    """
    if isinstance(ptx, str | Module):
        return parse(ptx) if isinstance(ptx, str) else ptx
    raise UsageError(
        f"PTX is {type(ptx).__name__}; expected text or what opbench.ptx.parse made of it. A kernel of Triton's is "
        "compiled where it is launched: kernel[grid](...) within opbench.ptx.device()"
    )


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


def _numbers(count: int, blocks: Sequence[int] | None) -> Array:
    """Of the blocks that run."""
    if blocks is None:
        return np.arange(count)
    if not blocks or len({*blocks}) != len(blocks) or not all(0 <= each < count for each in blocks):
        raise UsageError(f"blocks {[*blocks]}: expected different numbers, at least one, from 0 to {count - 1}")
    return np.array([*blocks])


def _batches(numbers: Array, threads: int, seed: int | None) -> list[Array]:
    order = numbers if seed is None else np.random.default_rng(seed).permutation(numbers)
    return np.array_split(order, -(-order.size // max(1, TOGETHER // threads)))
