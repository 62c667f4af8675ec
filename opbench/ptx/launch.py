"""One launch: arguments laid out in memory, blocks run some at a time, arrays given back what was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opbench.errors import UsageError
from opbench.ptx.arguments import Arguments
from opbench.ptx.counters import Counters
from opbench.ptx.layout import Layout, threads_of
from opbench.ptx.machine import Machine
from opbench.ptx.memory.device import DeviceMemory
from opbench.ptx.module import Kernel, Module
from opbench.ptx.number_types import Array
from opbench.ptx.text.parser import parse
from opbench.ptx.translate import program

TOGETHER = 16384
"""Threads that run at once. `python -m benchmarks.ptx_speed` on two shared cores of an Intel Xeon, in millions a second
for arithmetic, global memory, shared memory, divergence: 2048 threads 199, 81, 46, 71; 8192 421, 186, 79, 112;
16384 472, 214, 87, 119; 32768 290, 212, 83, 110; 65536 244, 184, 63, 118.
"""
MOST_THREADS = 1024
"""Of a block on sm_90."""
LARGEST_GRID = 2**31 - 1, 65535, 65535
LIMIT = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a launch did: its counters.

    module: what its kernel is of. grid, block: as launched. shared_bytes: of a block, static and dynamic.
    """

    kernel: str
    counters: Counters
    module: Module
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int


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
    made = program(chosen)
    sizes, shape = _sizes("grid", grid, LARGEST_GRID), _sizes("block", block, (1024, 1024, 64))
    _check_block(chosen, shape)
    device = DeviceMemory()
    arrays = Arguments(device, chosen)
    parameters = arrays.place(arguments)
    layout = Layout(module, chosen, device, shared)
    device.seal()
    counters = Counters()
    for numbers in _batches(math.prod(sizes), math.prod(shape), seed):
        threads = threads_of(numbers, sizes, shape, layout.shared, shared)
        memory = layout.memory(len(numbers), math.prod(shape), made.granule, parameters)
        names = [str(tuple(map(int, np.unravel_index(each, sizes[::-1])))[::-1]) for each in numbers.tolist()]
        Machine(module, made, threads, memory, counters, names, limit).run()
    arrays.give_back()
    return Result(chosen.name, counters, module, sizes, shape, layout.shared)


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
