"""The gradient of x for large maps: a thread owns one place of the map and walks its pairs once, in tiles.

Each gradient adds to the sums of both channels of its pair, so grad is read from memory once. The sums of the tile's
rows are in registers, those of its columns in shared memory. With a norm the parameters' sums are made on the way.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, row_base
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, store, types
from impls.cross_hadamard.gpu.numba_kernels.owners import operand
from impls.cross_hadamard.gpu.numba_kernels.pair_sums import adding, held, keeping, pairwise, placed
from impls.cross_hadamard.gpu.numba_kernels.words import parameter

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word

TILE = 4
"""Channels a side: the 16 loads of a tile are in flight before the first is waited for."""
PAIRS = TILE * TILE


def shared_bytes(word: Word, n: int, threads: int, norm: str | None) -> int:
    """What a block asks for: n sums a thread and element, a table of n 32-bit positions, and with a norm a tile's."""
    return (_origin(threads, norm) + n * word.elements * threads) * (8 if word.real_kind == "f64" else 4) + 4 * n


def _origin(threads: int, norm: str | None) -> int:
    """Where the sums begin in shared memory, in reals: behind what a tile's parameter sums go through."""
    return 0 if norm is None else held(threads, PAIRS)


@cache
def columns_kernel(word: Word, selected: bool, norm: str | None, threads: int) -> Any:
    """A block serves consecutive places of sample `blockIdx // blocks`. `lead` maps stand before the pairs in each
    sample of grad: 0, or with a norm `channels`, whose gradients are passed through. parameter_sums: one part a block.
    """
    first_position, visit = _first_position(selected), _tile(word, selected, norm, threads)
    finish, origin = _finish(word, selected, threads, _origin(threads, norm)), _origin(threads, norm)
    real, zero, elements, summed = word.real_type, word.real(0.0), word.elements, norm is not None
    at_p, words = parameter(word, norm), 2 if word.real_kind == "f64" else 1

    def columns(
        grad: int, x: int, index: int, alpha: int, weight: int, grad_x: int, parameter_sums: int,
        channels: int, n: int, size: int, lead: int, blocks: int,
    ) -> None:  # fmt: skip
        sums = cuda.shared.array(0, real)
        first = cuda.shared.array(0, types.int32)
        me = cuda.threadIdx.x
        table = (origin + n * elements * threads) * words
        b = cuda.blockIdx.x // blocks
        place = (cuda.blockIdx.x - b * blocks) * threads + me
        i = me + 0
        while i < n:
            first[table + i] = first_position(index, b, i, n, channels)
            i += threads
        cuda.syncthreads()
        if place < size or summed:  # those without a place are there to add up with the others
            factor = at_p(alpha, 0)
            for k in range(n * elements):
                sums[origin + k * threads + me] = zero
            i = 0
            while i < n:
                j = i + 0
                while j < n:
                    visit(
                        grad, x, index, factor, weight, parameter_sums, sums, first, table,
                        b, i, j, channels, n, size, lead, place,
                    )  # fmt: skip
                    j += TILE
                i += TILE
            if place < size:
                finish(grad, index, grad_x, sums, first, table, b, channels, n, size, lead, place)

    return kernel(columns)


@cache
def _first_position(selected: bool) -> Device:
    """The least position with the same channel, where all its gradients are summed; -1 where there is no channel."""
    channel = channel_lookup(selected)

    def own(_index: int, _b: int, i: int, _n: int, _channels: int) -> int:
        return i

    def least(index: int, b: int, i: int, n: int, channels: int) -> int:
        c = channel(index, b, i, n, channels)
        if c < 0:
            return -1
        k = 0
        while channel(index, b, k, n, channels) != c:
            k += 1
        return k

    return device(least if selected else own)


@cache
def _tile(word: Word, selected: bool, norm: str | None, threads: int) -> Device:
    """Adds the pairs of rows i to i + TILE and columns j to j + TILE to the sums of both, and to the parameters'."""
    ask, multiply, add = _ask(word, selected), _multiply(word, norm), _add(word, threads, _origin(threads, norm))
    keep, add_strips = keeping(threads, PAIRS), adding(word, threads, PAIRS)
    publish, summed = _publish(word, threads), norm is not None
    type_, real, zero, pairs, of_pairs = word.type, word.real_type, word.real(0.0), PAIRS, 3 * PAIRS
    held_ = TILE * word.elements

    def visit(
        grad: int, x: int, index: int, factor: Any, weight: int, parameter_sums: int, sums: Any, first: Any, table: int,
        b: int, top: int, left: int, channels: int, n: int, size: int, lead: int, place: int,
    ) -> None:  # fmt: skip
        grads = cuda.local.array(pairs, type_)
        rows = cuda.local.array(TILE, type_)
        columns = cuda.local.array(TILE, type_)
        across = cuda.local.array(held_, real)
        down = cuda.local.array(held_, real)
        mine = cuda.local.array(of_pairs, real)
        for k in range(of_pairs):
            mine[k] = zero
        if place < size:
            ask(grad, x, index, grads, rows, columns, b, top, left, channels, n, size, lead, place)
            multiply(grads, rows, columns, across, down, mine, factor, weight, top, left, n)
            add(across, sums, first, table, top, n)
            add(down, sums, first, table, left, n)
        if summed:
            keep(mine, sums, cuda.threadIdx.x)
            cuda.syncthreads()
            add_strips(sums, cuda.threadIdx.x)
            cuda.syncthreads()
            publish(sums, parameter_sums, top, left, n)

    return device(visit)


@cache
def _publish(word: Word, threads: int) -> Device:
    """Stores a tile's totals to this block's part of the parameters' sums."""
    put, pairs, real = placed(word, threads, PAIRS), PAIRS, word.real_type

    def publish(shared: Any, parameter_sums: int, top: int, left: int, n: int) -> None:
        row = cuda.local.array(1, real)
        item = cuda.threadIdx.x + 0
        while item < 3 * pairs:
            v = item // pairs
            r = (item - v * pairs) // TILE
            i, j = top + r, left + item - v * pairs - r * TILE
            if i < j < n:
                part = (cuda.blockIdx.x * 3 + v) * (n * (n - 1) // 2)
                put(shared, item, parameter_sums, part + row_base(i, n) + j, row)
            item += threads

    return device(publish)


@cache
def _ask(word: Word, selected: bool) -> Device:
    """Loads what a tile needs into registers."""
    read, z = at(word.kind), operand(word, selected)

    def ask(
        grad: int, x: int, index: int, grads: Any, rows: Any, columns: Any,
        b: int, top: int, left: int, channels: int, n: int, size: int, lead: int, place: int,
    ) -> None:  # fmt: skip
        base = (b * (lead + n * (n - 1) // 2) + lead) * size + place
        for r in range(TILE):
            for k in range(TILE):
                if top + r < left + k < n:
                    grads[r * TILE + k] = read(grad, base + (row_base(top + r, n) + left + k) * size)
        for r in range(TILE):
            if top + r < n:
                rows[r] = z(x, index, b, top + r, n, channels, size, place)
            if left + r < n:
                columns[r] = z(x, index, b, left + r, n, channels, size, place)

    return device(ask)


@cache
def _multiply(word: Word, norm: str | None) -> Device:
    """Each gradient times the other value of its pair, summed along the tile's rows and down its columns."""
    part, through, at_p = word.part, _through(word, norm), parameter(word, norm)
    elements, zero, held_ = word.elements, word.real(0.0), TILE * word.elements

    def multiply(
        grads: Any, rows: Any, columns: Any, across: Any, down: Any, mine: Any,
        factor: Any, weight: int, top: int, left: int, n: int,
    ) -> None:  # fmt: skip
        for k in range(held_):
            across[k] = zero
            down[k] = zero
        for r in range(TILE):
            for k in range(TILE):
                if top + r < left + k < n:
                    w = at_p(weight, row_base(top + r, n) + left + k)
                    for e in range(elements):
                        one, other = part(rows[r], e), part(columns[k], e)
                        g = through(part(grads[r * TILE + k], e), one * other, factor, w, mine, r * TILE + k)
                        across[r * elements + e] += g * other
                        down[k * elements + e] += g * one

    return device(multiply)


@cache
def _through(word: Word, norm: str | None) -> Device:
    """As `pairwise`; without a norm the gradient of the product is grad itself."""
    if norm is None:
        return device(lambda grad, _product, _alpha, _weight, _mine, _k: grad)
    return pairwise(word, norm, PAIRS, True)


@cache
def _add(word: Word, threads: int, origin: int) -> Device:
    """A tile's sums to those of the positions from `begin` on, each where its channel comes first."""
    elements = word.elements

    def add(tile: Any, sums: Any, first: Any, table: int, begin: int, n: int) -> None:
        me = cuda.threadIdx.x
        for r in range(TILE):
            if begin + r < n and first[table + begin + r] >= 0:
                for e in range(elements):
                    sums[origin + (first[table + begin + r] * elements + e) * threads + me] += tile[r * elements + e]

    return device(add)


@cache
def _finish(word: Word, selected: bool, threads: int, origin: int) -> Device:
    """Writes grad_x at one place of every channel: first what passes through, then over it the channels with sums."""
    read, write, join, part = at(word.kind), store(word.kind, 1), word.join, word.part
    channel, elements, type_, real, zero = (
        channel_lookup(selected), word.elements, word.type, word.real_type, word.real(0.0)
    )  # fmt: skip

    def finish(
        grad: int, index: int, grad_x: int, sums: Any, first: Any, table: int,
        b: int, channels: int, n: int, size: int, lead: int, place: int,
    ) -> None:  # fmt: skip
        total = cuda.local.array(elements, real)
        row = cuda.local.array(1, type_)
        me = cuda.threadIdx.x
        of_sample = b * (lead + n * (n - 1) // 2) * size + place
        if selected:
            for c in range(channels):
                for e in range(elements):
                    total[e] = zero
                    if lead > 0:
                        total[e] = part(read(grad, of_sample + c * size), e)
                row[0] = join(total)
                write(grad_x, (b * channels + c) * size + place, row, 0)
        for i in range(n):
            if first[table + i] == i:
                c = channel(index, b, i, n, channels)
                for e in range(elements):
                    total[e] = sums[origin + (i * elements + e) * threads + me]
                    if lead > 0:
                        total[e] += part(read(grad, of_sample + c * size), e)
                row[0] = join(total)
                write(grad_x, (b * channels + c) * size + place, row, 0)

    return device(finish)
