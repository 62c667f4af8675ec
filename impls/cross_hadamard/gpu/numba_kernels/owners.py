"""The gradient of x: for each channel the sum over its positions i and all j != i of grad[i, j] * z[j].

This is `owner`, for small maps: a thread owns one place of one channel and reads that channel's row and column of
pairs, so each element of grad is read twice, the second time from the L2 cache. `columns` is for large maps. Both
have no atomics and a fixed order: the same input gives the same bits.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, row_base
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, quotient, store
from impls.cross_hadamard.gpu.numba_kernels.norms import bounded, slope
from impls.cross_hadamard.gpu.numba_kernels.words import parameter

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word


@cache
def chain(word: Word, norm: str | None) -> Device:
    """(grad, product, alpha, weight) -> the gradient of the product, all real. Without a norm it is grad itself."""
    if norm is None:
        return device(lambda grad, _product, _alpha, _weight: grad)
    bound, derivative = bounded(norm, word.real), slope(norm, word.real)

    def chained(grad: Any, product: Any, alpha: Any, weight: Any) -> Any:
        return grad * weight * derivative(bound(alpha * product)) * alpha

    return device(chained)


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
def owner_kernel(word: Word, selected: bool, norm: str | None) -> Any:
    """One word of grad_x a thread. `lead` maps stand before the pairs in each sample of grad: 0, or `channels`."""
    elements, part, join, zero = word.elements, word.part, word.join, word.real(0.0)
    read, write, z, channel = at(word.kind), store(word.kind, 1), operand(word, selected), channel_lookup(selected)
    through, at_p, divide, real, type_ = (
        chain(word, norm),
        parameter(word, norm),
        quotient(64),
        word.real_type,
        word.type,
    )

    def owner(
        grad: int, x: int, index: int, alpha: int, weight: int, grad_x: int,
        batch: int, channels: int, n: int, size: int, lead: int,
    ) -> None:  # fmt: skip
        total = cuda.local.array(elements, real)
        row = cuda.local.array(1, type_)
        maps = lead + n * (n - 1) // 2
        factor = at_p(alpha, 0)
        item = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        while item < batch * channels * size:
            rest = divide(item, size)
            place = item - rest * size
            b = divide(rest, channels)
            c = rest - b * channels
            for e in range(elements):
                total[e] = zero
                if lead > 0:
                    total[e] = part(read(grad, (b * maps + c) * size + place), e)
            i = c if not selected else 0
            while i < n:
                if channel(index, b, i, n, channels) == c:
                    mine = z(x, index, b, i, n, channels, size, place)
                    for j in range(n):
                        if j != i:
                            p = row_base(i, n) + j if i < j else row_base(j, n) + i
                            g = read(grad, (b * maps + lead + p) * size + place)
                            other = z(x, index, b, j, n, channels, size, place)
                            w = at_p(weight, p)
                            for e in range(elements):
                                theirs = part(other, e)
                                total[e] += through(part(g, e), part(mine, e) * theirs, factor, w) * theirs
                i += 1 if selected else n
            row[0] = join(total)
            write(grad_x, item, row, 0)
            item += cuda.gridDim.x * cuda.blockDim.x

    return kernel(owner)
