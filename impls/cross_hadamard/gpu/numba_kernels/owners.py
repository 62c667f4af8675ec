"""The gradient of x: for each channel the sum over its positions i and all j != i of grad[i, j] * z[j].

This is `owner`, for small maps: a thread owns one place of one channel and reads that channel's row and column of
pairs, so each element of grad is read twice, the second time from the L2 cache. `columns` is for large maps, and
`expand_owner` makes those of ach_expand. All have no atomics and a fixed order: the same input gives the same bits.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, row_base
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, quotient, store

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word


@cache
def operand(word: Word, selected: bool) -> Device:
    """(x, index, b, i, n, channels, size, place) -> position i's word there, NaN where it has no channel."""
    read, channel, nan = at(word.kind), channel_lookup(selected), word.nan

    def value(x: int, index: int, b: int, i: int, n: int, channels: int, size: int, place: int) -> Any:
        c = channel(index, b, i, n, channels)
        got = nan
        if c >= 0:
            got = read(x, (b * channels + c) * size + place)
        return got

    return device(value)


@cache
def owner_kernel(word: Word, selected: bool) -> Any:
    """One word of grad_x a thread, from grad (B, P, S)."""
    elements, part, join, zero = word.elements, word.part, word.join, word.real(0.0)
    read, write, z, channel = at(word.kind), store(word.kind, 1), operand(word, selected), channel_lookup(selected)
    divide, real, type_ = quotient(64), word.real_type, word.type

    def owner(grad: int, x: int, index: int, grad_x: int, batch: int, channels: int, n: int, size: int) -> None:
        total = cuda.local.array(elements, real)
        row = cuda.local.array(1, type_)
        maps = n * (n - 1) // 2
        item = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        while item < batch * channels * size:
            rest = divide(item, size)
            place = item - rest * size
            b = divide(rest, channels)
            c = rest - b * channels
            for e in range(elements):
                total[e] = zero
            i = c if not selected else 0
            while i < n:
                if channel(index, b, i, n, channels) == c:
                    for j in range(n):
                        if j != i:
                            p = row_base(i, n) + j if i < j else row_base(j, n) + i
                            g = read(grad, (b * maps + p) * size + place)
                            other = z(x, index, b, j, n, channels, size, place)
                            for e in range(elements):
                                total[e] += part(g, e) * part(other, e)
                i += 1 if selected else n
            row[0] = join(total)
            write(grad_x, item, row, 0)
            item += cuda.gridDim.x * cuda.blockDim.x

    return kernel(owner)
