"""The parameters' sums of ach_expand, which the kernels that make grad_x make on the way.

`sums` (parts, 3, P), of reals, a part for each piece of a sample that a block has: grad * f(u), grad, and
grad * weight * f'(u) * product, each over the part's places. A thread has its own share of a few pairs in registers;
the block's total of each goes through shared memory, in the same order every time. No atomics.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.language.target import device, store
from impls.cross_hadamard.gpu.numba_kernels.norms import bounded, norm, slope

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word

STRIP = 32
"""Values that one thread adds up."""


def held(threads: int, pairs: int) -> int:
    """Reals of shared memory for the sums of `pairs` pairs: each thread's three of them, and those of the strips."""
    strip = min(STRIP, threads)
    return 3 * pairs * (threads + threads // strip)


@cache
def pairwise(word: Word, name: str, pairs: int, summed: bool) -> Device:
    """(grad, product, alpha, weight, mine, k) -> the gradient of the product, all real.

    Where `summed`, it adds to the registers `mine` (3 * pairs) what pair k adds to the sums.
    """
    bound, f, derivative = bounded(name, word.real), norm(name, word.real), slope(name, word.real)

    def chained(grad: Any, product: Any, alpha: Any, weight: Any, mine: Any, k: int) -> Any:
        u = bound(alpha * product)
        through = grad * weight * derivative(u)
        if summed:
            mine[k] += grad * f(u)
            mine[pairs + k] += grad
            mine[2 * pairs + k] += through * product
        return through * alpha

    return device(chained)


@cache
def keeping(threads: int, pairs: int) -> Device:
    """(mine, shared, me): thread `me`'s values (3 * pairs) to `shared` (`held` reals). Then a barrier, and `adding`.

    Barriers and registers are the caller's: Numba's simulator knows `cuda` in a kernel's own module only.
    """
    rows = 3 * pairs

    def keep(mine: Any, shared: Any, me: int) -> None:
        for k in range(rows):
            shared[k * threads + me] = mine[k]

    return device(keep)


@cache
def adding(word: Word, threads: int, pairs: int) -> Device:
    """(shared, me): adds up the values of each strip of threads. Then a barrier; after it values may be overwritten,
    the strips' sums not before the next one. Lanes begin a strip at places of their own and meet in no bank.
    """
    strip = min(STRIP, threads)
    strips, rows, zero = threads // strip, 3 * pairs, word.real(0.0)
    partial = rows * threads

    def add(shared: Any, me: int) -> None:
        item = me + 0
        while item < rows * strips:
            total = zero
            for e in range(strip):
                total += shared[item * strip + (e + me) % strip]
            shared[partial + item] = total
            item += threads

    return device(add)


@cache
def placed(word: Word, threads: int, pairs: int) -> Device:
    """(shared, item, sums, at, row) stores the total of value `item` = v * pairs + k at place `at`, by way of `row`."""
    strip = min(STRIP, threads)
    strips, zero, write = threads // strip, word.real(0.0), store(word.real_kind, 1)
    partial = 3 * pairs * threads

    def put(shared: Any, item: int, sums: int, where: int, row: Any) -> None:
        total = zero
        for k in range(strips):
            total += shared[partial + item * strips + k]
        row[0] = total
        write(sums, where, row, 0)

    return device(put)
