"""Kernels for recording workers: 100 equal units of work, and as many more as OPBENCH_EXTRA_UNITS asks for.

So a slowdown can be injected whose size follows from the kernel itself: the extra units do the same work on data of
their own. What it comes to is measured apart, `benchmarks/gate/truth.py`. Cached kernels stay within the second-level
cache (1 MiB a core on the machine recorded), memory kernels stream through more than its last-level cache (32 MiB).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import torch

UNITS = 100
MIB = 1 << 20

Kernel = Callable[..., object]
"""Does its first `count` units, all of them when called without."""


def extra_units() -> int:
    return int(os.environ.get("OPBENCH_EXTRA_UNITS", "0"))


def small_products(units: int) -> Kernel:
    """Elementwise products of 16 KiB, one after the other: about 130 us."""
    a, b, out = torch.rand(3, 4096).unbind()

    def kernel(count: int = units) -> object:
        for _ in range(count):
            torch.mul(a, b, out=out)
        return out

    return kernel


def small_matrices(units: int) -> Kernel:
    """Matrix products of 48 x 48: about 300 us."""
    a, b, out = torch.rand(3, 48, 48).unbind()

    def kernel(count: int = units) -> object:
        for _ in range(count):
            torch.mm(a, b, out=out)
        return out

    return kernel


def small_pairs(units: int) -> Kernel:
    """Cross-Hadamard products of 16 channels at 7 x 7, into a fresh output each: about 300 us."""
    from impls.cross_hadamard.functional import cross_hadamard

    x = torch.rand(1, 16, 7, 7)

    def kernel(count: int = units) -> object:
        for _ in range(count):
            y = cross_hadamard(x, backend="cpp_ext")
        return y

    return kernel


def streamed_sum(units: int) -> Kernel:
    """Sums of two arrays into a third, slab by slab, 72 MiB a hundred units."""
    slab = 72 * MIB // 3 // UNITS // 4
    slabs = torch.rand(3, units, slab).unbind()
    rows = list(zip(*(one.unbind() for one in slabs), strict=True))

    def kernel(count: int = units) -> object:
        for a, b, out in rows[:count]:
            torch.add(a, b, out=out)
        return rows

    return kernel


def streamed_copy(units: int) -> Kernel:
    """Copies slab by slab, 96 MiB read and written a hundred units."""
    slab = 96 * MIB // 2 // UNITS // 4
    source, target = torch.rand(2, units, slab).unbind()
    rows = list(zip(source.unbind(), target.unbind(), strict=True))

    def kernel(count: int = units) -> object:
        for a, out in rows[:count]:
            out.copy_(a)
        return rows

    return kernel


KERNELS = {one.__name__: one for one in (small_products, small_matrices, small_pairs, streamed_sum, streamed_copy)}


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_kernel(benchmark: Any, name: str) -> None:
    benchmark(KERNELS[name](UNITS + extra_units()))
