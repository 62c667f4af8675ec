"""Sums over batch and space that the gradients of weight, bias and alpha are made of.

A block owns one pair and one part of the (batch, space) places: its threads each sum every so-manyth place, then the
block's sums are halved in shared memory. The order is fixed; no atomics.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import pair_at
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, quotient, store
from impls.cross_hadamard.gpu.numba_kernels.norms import bounded, norm, slope
from impls.cross_hadamard.gpu.numba_kernels.owners import operand

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word


@cache
def sums_kernel(word: Word, threads: int, name: str) -> Any:
    """Grid P * parts of `threads` (a power of two). `sums` (parts, 3, P), of reals: grad * f(u), grad, and
    grad * weight * f'(u) * product, each summed over the part's places.
    """
    read, read_real, z, divide = at(word.kind), at(word.real_kind), operand(word, True), quotient(64)
    bound, part = bounded(name, word.real), word.part
    f, derivative = norm(name, word.real), slope(name, word.real)
    elements, real, zero, halve = word.elements, word.real_type, word.real(0.0), _halving(threads)
    write, held = store(word.real_kind, 1), 3 * threads

    def reduce(
        grad: int, x: int, index: int, alpha: int, weight: int, sums: int,
        batch: int, channels: int, n: int, size: int, parts: int,
    ) -> None:  # fmt: skip
        shared = cuda.shared.array(held, real)
        row = cuda.local.array(1, real)
        pairs = n * (n - 1) // 2
        me, of_part = cuda.threadIdx.x, cuda.blockIdx.x // pairs
        p = cuda.blockIdx.x - of_part * pairs
        i, j = pair_at(p, n)
        factor, w = read_real(alpha, 0), read_real(weight, p)
        of_f, of_one, of_slope = zero, zero, zero
        item = of_part * threads + me
        while item < batch * size:
            b = divide(item, size)
            place = item - b * size
            g = read(grad, (b * (channels + pairs) + channels + p) * size + place)
            first = z(x, index, b, i, n, channels, size, place)
            second = z(x, index, b, j, n, channels, size, place)
            for e in range(elements):
                product, ge = part(first, e) * part(second, e), part(g, e)
                u = bound(factor * product)
                of_f += ge * f(u)
                of_one += ge
                of_slope += ge * w * derivative(u) * product
            item += parts * threads
        shared[me] = of_f
        shared[threads + me] = of_one
        shared[2 * threads + me] = of_slope
        cuda.syncthreads()
        halve(shared, me)
        if me < 3:
            row[0] = shared[me * threads]
            write(sums, (of_part * 3 + me) * pairs + p, row, 0)

    return kernel(reduce)


@cache
def _halving(threads: int) -> Device:
    """Sums three rows of `threads` reals in shared memory into the first of each, in the same order every time."""

    def halve(shared: Any, me: int) -> None:
        step = threads // 2
        while step > 0:
            if me < step:
                for k in range(3):
                    shared[k * threads + me] += shared[k * threads + me + step]
            cuda.syncthreads()
            step //= 2

    return device(halve)
