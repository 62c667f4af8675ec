"""Our schedule for maps that are whole vectors: a tile of channel pairs in registers.

A thread owns one vector (up to 16 bytes) of the map and a tile of `tile` channels i by `tile` channels j. With a tile
of 8 it reads 16 vectors and writes 64 products, where `direct` reads 128; so the writes bind and not the caches.
Only tiles on or above the diagonal are there. Work lies linearly over the threads: maps of any size fill the warps.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, pair_at, row_base
from impls.cross_hadamard.gpu.numba_kernels.language.target import cuda, device, kernel, load, quotient, store
from impls.cross_hadamard.gpu.numba_kernels.words import combination, parameter

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word


@cache
def fetching(word: Word, width: int, selected: bool) -> Device:
    """Loads one vector of position i of sample b into registers; NaN where the index names no channel."""
    read, channel, nan = load(word.kind, width), channel_lookup(selected), word.nan

    def fetch(
        x: int, index: int, b: int, i: int, n: int, channels: int, size: int, place: int, row: Any, first: int
    ) -> None:
        c = channel(index, b, i, n, channels)
        if c >= 0:
            read(x, (b * channels + c) * size + place, row, first)
        else:
            for e in range(width):
                row[first + e] = nan

    return device(fetch)


@cache
def blocked_kernel(word: Word, width: int, tile: int, selected: bool, norm: str | None) -> Any:
    """Arguments count words: `size` to a map, which is a multiple of `width`. `lead` maps stand before the pairs of
    each sample of out: 0, or with a norm the `channels` of x, which are copied there.
    """
    write, copy, type_ = store(word.kind, width), load(word.kind, width), word.type
    multiply, divide = _tile(word, width, tile, selected, norm), quotient(64)

    def blocked(
        x: int, index: int, out: int, alpha: int, weight: int, bias: int,
        batch: int, channels: int, n: int, size: int, lead: int,
    ) -> None:  # fmt: skip
        row = cuda.local.array(width, type_)
        vectors = size // width
        tiles = (n + tile - 1) // tile
        of_tiles = tiles * (tiles + 1) // 2
        maps = lead + n * (n - 1) // 2
        item = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        while item < batch * of_tiles * vectors:
            rest = divide(item, vectors)
            place = (item - rest * vectors) * width
            b = divide(rest, of_tiles)
            upper, beyond = pair_at(rest - b * of_tiles, tiles + 1)  # tiles I <= J are the pairs I < J + 1
            base = (b * maps + lead) * size + place
            multiply(x, index, out, alpha, weight, bias, b, upper, beyond - 1, channels, n, size, place, base)
            item += cuda.gridDim.x * cuda.blockDim.x
        item -= batch * of_tiles * vectors
        while item < batch * lead * vectors:
            b = divide(item, lead * vectors)
            copy(x, item * width, row, 0)
            write(out, (item + b * (maps - lead) * vectors) * width, row, 0)
            item += cuda.gridDim.x * cuda.blockDim.x

    return kernel(blocked)


@cache
def _tile(word: Word, width: int, tile: int, selected: bool, norm: str | None) -> Device:
    """All pairs of channels of tiles `upper` and `lower`, upper <= lower, at one vector of the map."""
    fetch, write, type_ = fetching(word, width, selected), store(word.kind, width), word.type
    combine, at_p, held = combination(word, norm), parameter(word, norm), tile * width

    def multiply(
        x: int, index: int, out: int, alpha: int, weight: int, bias: int,
        b: int, upper: int, lower: int, channels: int, n: int, size: int, place: int, base: int,
    ) -> None:  # fmt: skip
        left = cuda.local.array(width, type_)
        ahead = cuda.local.array(width, type_)
        right = cuda.local.array(held, type_)
        row = cuda.local.array(width, type_)
        slope = at_p(alpha, 0)
        begin, end = lower * tile, min(n, (lower + 1) * tile)
        for k in range(tile):
            if begin + k < end:
                fetch(x, index, b, begin + k, n, channels, size, place, right, k * width)
        i = upper * tile
        stop = min(n, i + tile)
        fetch(x, index, b, i, n, channels, size, place, ahead, 0)
        while i < stop:
            for e in range(width):
                left[e] = ahead[e]
            if i + 1 < stop:  # before this row's stores, so that they hide its latency
                fetch(x, index, b, i + 1, n, channels, size, place, ahead, 0)
            for k in range(tile):
                if i < begin + k < end:
                    p = row_base(i, n) + begin + k
                    w, c = at_p(weight, p), at_p(bias, p)
                    for e in range(width):
                        row[e] = combine(left[e], right[k * width + e], slope, w, c)
                    write(out, base + p * size, row, 0)
            i += 1

    return device(multiply)
