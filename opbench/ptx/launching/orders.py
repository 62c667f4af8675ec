"""The same launch with its blocks, and its threads at an atomic, in several orders: what it computes must not depend on
which of them come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from opbench.errors import UsageError
from opbench.ptx.errors import KernelError
from opbench.ptx.launching.launch import Result, read, run
from opbench.ptx.memory import paging
from opbench.ptx.module import Module
from opbench.ptx.number_types import Array
from opbench.ptx.pointers import Pointer


def run_in_orders(
    ptx: str | Module,
    kernel: str | None,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    arguments: Sequence[Any],
    *,
    orders: int = 3,
    **options: Any,
) -> Result:
    """`run` with its blocks, and threads at one place of an atomic, as they are numbered, and then from the same values
    in `orders - 1` orders of both that are drawn by seed.

    options: of `run`, but its seed. The arrays and the result are those of the first order.
    Raises KernelError where an array's bytes differ between two orders (atomics that add floats are such a case),
    UsageError for fewer than two orders and for an array of `paging.LARGE` bytes or more, of which each order would
    write every byte, and what `run` raises.
    """
    if orders < 2:
        raise UsageError(f"orders={orders}: one order has nothing to be compared with; give 2 or more")
    module = read(ptx)
    arrays = [each for each in arguments if isinstance(each, np.ndarray | torch.Tensor | Pointer)]
    masks = [each[1] for each in options.get("uninitialised", ()) if isinstance(each, tuple)]
    _check_sizes(arrays, orders)
    before = [_bytes(each).copy() for each in (*arrays, *masks)]
    result = run(module, kernel, grid, block, arguments, **options)
    first = [_bytes(each).copy() for each in (*arrays, *masks)]
    try:
        for seed in range(orders - 1):
            _restore([*arrays, *masks], before)
            run(module, kernel, grid, block, arguments, seed=seed, **options)
            _compare(result.kernel, arrays, first, seed)
    finally:
        _restore([*arrays, *masks], first)
    return result


def _check_sizes(arrays: list[Any], orders: int) -> None:
    """Arrays are copied whole, twice, and given back whole: a lazy one would be filled."""
    for number, array in enumerate(arrays):
        if (size := _bytes(array).size) >= paging.LARGE:
            raise UsageError(
                f"orders={orders}: array argument number {number} has {size} bytes, and several orders keep whole "
                f"copies, of arrays of less than {paging.LARGE} bytes; give smaller ones, or leave orders away"
            )


def _compare(kernel: str, arrays: list[Any], first: list[Array], seed: int) -> None:
    for number, (array, want) in enumerate(zip(arrays, first, strict=False)):  # masks are behind
        wrong = _bytes(array) != want
        if wrong.any():
            raise KernelError(
                f"{kernel}: depends on an order, of blocks or of threads at an atomic: array argument number "
                f"{number} has {int(wrong.sum())} of {wrong.size} bytes otherwise, the first at {int(wrong.argmax())}, "
                f"in the order of seed={seed} than as they are numbered"
            )


def _restore(arrays: list[Any], contents: list[Array]) -> None:
    for array, content in zip(arrays, contents, strict=True):
        target = _bytes(array)
        if target.flags.writeable:
            target[:] = content


def _bytes(array: Any) -> Array:
    """uint8 (size,), in place."""
    if isinstance(array, Pointer):
        return array.content
    if isinstance(array, torch.Tensor):
        return array.detach().reshape(-1).view(torch.uint8).numpy()
    flat: Array = array.reshape(-1).view(np.uint8)
    return flat
