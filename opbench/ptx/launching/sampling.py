"""A large launch without its size: some of its blocks, on tensors that take memory where they are written."""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import torch

from opbench.errors import MachineError, UsageError

SEED = 0
NO_RESERVE = 0x4000
"""`MAP_NORESERVE` of Linux, which Python's `mmap` names from 3.13 on: what is not promised need not be there."""


def some_blocks(grid: int | Sequence[int], count: int) -> list[int]:
    """Numbers of up to `count` blocks of a grid, ascending: the first, the last, and others drawn by a fixed seed.

    For `run(..., blocks=)`. All of them where the grid has no more. Raises UsageError for a count below 1.
    """
    if count < 1:
        raise UsageError(f"count={count}: expected how many blocks run, from 1 on")
    whole = math.prod((grid,) if isinstance(grid, int) else grid)
    if whole <= count:
        return [*range(whole)]
    chosen = dict.fromkeys([0, whole - 1][:count])
    generator = np.random.default_rng(SEED)
    while len(chosen) < count:
        chosen[int(generator.integers(whole))] = None
    return sorted(chosen)


def lazy_zeros(shape: Sequence[int], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Zeros on the CPU that take memory where they are written, whatever the shape; for `device(blocks=)`.

    The machine too copies of such a tensor what threads come to. Raises MachineError where the system has no addresses
    for it.
    """
    size = math.prod(shape) * dtype.itemsize
    if not size:
        return torch.zeros(*shape, dtype=dtype)
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE)
    except (OSError, OverflowError) as error:
        raise MachineError(f"no addresses for a tensor of {tuple(shape)} {dtype}, {size} bytes: {error}") from error
    with suppress(OSError):  # EINVAL of a kernel that was built without huge pages
        pages.madvise(mmap.MADV_NOHUGEPAGE)  # they would be 2 MiB for each element that is far from the others
    return torch.frombuffer(pages, dtype=dtype).view(*shape)
