"""Our schedule for maps that are no whole number of vectors, such as 7 x 7: the flat output in equal pieces.

The pairs of a sample are one span of P*S contiguous elements. A block takes a chunk of it, its threads consecutive
pieces of up to 16 bytes, aligned in memory whatever S is; what lies before the first whole piece and after the last
goes element by element. The sample's n channels wait in shared memory where they fit.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, pair_at
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, quotient, store
from impls.cross_hadamard.gpu.numba_kernels.words import combination, parameter

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word


@cache
def reading(word: Word, selected: bool) -> Device:
    """(x, index, b, i, n, channels, size, s) -> element s of position i, NaN where the index names no channel."""
    read, channel, nan = at(word.kind), channel_lookup(selected), word.nan

    def element(x: int, index: int, b: int, i: int, n: int, channels: int, size: int, s: int) -> Any:
        c = channel(index, b, i, n, channels)
        value = nan
        if c >= 0:
            value = read(x, (b * channels + c) * size + s)
        return value

    return device(element)


@cache
def operand(word: Word, staged: bool, selected: bool) -> Device:
    """As `reading`, with the staged channels `z` in front: element s of position i."""
    from_memory = reading(word, selected)

    def element(z: Any, x: int, index: int, b: int, i: int, n: int, channels: int, size: int, s: int) -> Any:
        if staged:
            return z[i * size + s]
        return from_memory(x, index, b, i, n, channels, size, s)

    return device(element)


@cache
def flat_kernel(word: Word, width: int, staged: bool, bits: int, selected: bool, norm: str | None) -> Any:
    """Words are single elements; out is aligned to `width` of them. Positions in a sample are below 2^bits.

    A block serves chunk `blockIdx % chunks` of sample `blockIdx // chunks`; `lead` as for the blocked kernel.
    """
    type_, divide, from_memory = word.type, quotient(bits), reading(word, selected)
    copy, write_one = at(word.kind), store(word.kind, 1)
    singles, pieces = _singles(word, staged, bits, selected, norm), _pieces(word, width, staged, bits, selected, norm)

    def flat(
        x: int, index: int, out: int, alpha: int, weight: int, bias: int,
        channels: int, n: int, size: int, lead: int, chunk: int, chunks: int,
    ) -> None:  # fmt: skip
        z = cuda.shared.array(0, type_)
        row = cuda.local.array(1, type_)
        me, threads = cuda.threadIdx.x, cuda.blockDim.x
        b = cuda.blockIdx.x // chunks
        turn = cuda.blockIdx.x - b * chunks
        if staged:
            k = me + 0
            while k < n * size:
                i = divide(k, size)
                z[k] = from_memory(x, index, b, i, n, channels, size, k - i * size)
                k += threads
            cuda.syncthreads()

        span = n * (n - 1) // 2 * size
        of_sample = b * (lead * size + span)
        base, begin = of_sample + lead * size, turn * chunk
        end = min(begin + chunk, span)
        head = min((width - (base + begin) % width) % width, end - begin)
        count = (end - begin - head) // width
        alone = end - begin - count * width
        singles(z, x, index, out, alpha, weight, bias, b, channels, n, size, base, begin, head, count * width, alone)
        pieces(z, x, index, out, alpha, weight, bias, b, channels, n, size, base, begin + head, count)

        share = (lead * size + chunks - 1) // chunks  # the copy of x, each chunk its part
        k = turn * share + me
        while k < min((turn + 1) * share, lead * size):
            row[0] = copy(x, b * channels * size + k)
            write_one(out, of_sample + k, row, 0)
            k += threads

    return kernel(flat)


@cache
def _singles(word: Word, staged: bool, bits: int, selected: bool, norm: str | None) -> Device:
    """Writes the `alone` elements outside whole pieces: `head` of them first, the rest `skipped` elements later."""
    element, type_, write, divide = operand(word, staged, selected), word.type, store(word.kind, 1), quotient(bits)
    combine, at_p = combination(word, norm), parameter(word, norm)

    def singles(
        z: Any, x: int, index: int, out: int, alpha: int, weight: int, bias: int,
        b: int, channels: int, n: int, size: int, base: int, begin: int, head: int, skipped: int, alone: int,
    ) -> None:  # fmt: skip
        row = cuda.local.array(1, type_)
        slope = at_p(alpha, 0)
        k = cuda.threadIdx.x + 0
        while k < alone:
            t = begin + k if k < head else begin + skipped + k
            p = divide(t, size)
            s = t - p * size
            i, j = pair_at(p, n)
            first = element(z, x, index, b, i, n, channels, size, s)
            second = element(z, x, index, b, j, n, channels, size, s)
            row[0] = combine(first, second, slope, at_p(weight, p), at_p(bias, p))
            write(out, base + t, row, 0)
            k += cuda.blockDim.x

    return device(singles)


@cache
def _pieces(word: Word, width: int, staged: bool, bits: int, selected: bool, norm: str | None) -> Device:
    """Writes `count` whole pieces from `begin` on. A thread divides and takes a root once, then steps (i, j, s) on."""
    element, type_, write, divide = operand(word, staged, selected), word.type, store(word.kind, width), quotient(bits)
    combine, at_p = combination(word, norm), parameter(word, norm)

    def pieces(
        z: Any, x: int, index: int, out: int, alpha: int, weight: int, bias: int,
        b: int, channels: int, n: int, size: int, base: int, begin: int, count: int,
    ) -> None:  # fmt: skip
        row = cuda.local.array(width, type_)
        slope = at_p(alpha, 0)
        stride = cuda.blockDim.x * width
        pairs_on = divide(stride, size)
        places_on = stride - pairs_on * size
        piece = cuda.threadIdx.x + 0
        t = min(begin + piece * width, n * (n - 1) // 2 * size - 1)  # a thread without a piece starts at the last place
        p = divide(t, size)
        s = t - p * size
        i, j = pair_at(p, n)
        while piece < count:
            row_i, row_j, row_p, place = i, j, p, s
            for e in range(width):
                first = element(z, x, index, b, row_i, n, channels, size, place)
                second = element(z, x, index, b, row_j, n, channels, size, place)
                row[e] = combine(first, second, slope, at_p(weight, row_p), at_p(bias, row_p))
                place += 1
                if place == size:
                    place = 0
                    row_p += 1
                    row_j += 1
                    if row_j == n:
                        row_i += 1
                        row_j = row_i + 1
            write(out, base + t, row, 0)
            piece += cuda.blockDim.x
            t += stride
            s += places_on
            carry = 1 if s >= size else 0
            s -= carry * size
            p += pairs_on + carry
            j += pairs_on + carry
            while j >= n and i < n - 1:
                j += i + 2 - n  # row i + 1 begins at i + 2
                i += 1

    return device(pieces)
