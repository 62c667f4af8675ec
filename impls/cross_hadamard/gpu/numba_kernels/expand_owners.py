"""ach_expand's gradients for small maps: a block owns one channel of one piece of a map, a thread a word of grad_x.

It walks the pairs of the positions that its channel is selected for. Each grad is read twice, by both its owners, the
second time from the L2 cache; the one whose position comes first also adds it to the parameters' sums, so that these
read nothing of their own. What all threads of the block need of a partner waits in shared memory.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, row_base
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, quotient, store, types
from impls.cross_hadamard.gpu.numba_kernels.pair_sums import adding, held, keeping, pairwise, placed

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device
    from impls.cross_hadamard.gpu.numba_kernels.words import Word

PAIRS = 8
"""Taken at once: their loads are in flight before the first is waited for."""
PARTNERS = 32
"""Of which a block knows at once where they lie. A multiple of PAIRS."""


@cache
def expand_owner_kernel(word: Word, threads: int, name: str) -> Any:
    """Blocks (b, piece, channel), channels fastest so that those who share grad run together; one more of them than x
    has, for the sums of positions without a channel. grad (B, C + P, S), sums (B * pieces, 3, P).
    """
    read, read_real, write = at(word.kind), at(word.real_kind), store(word.kind, 1)
    part, join, divide, walk = word.part, word.join, quotient(64), _channel(word, threads, name)
    elements, real, type_, zero, shared_reals = (
        word.elements, word.real_type, word.type, word.real(0.0), held(threads, PAIRS)
    )  # fmt: skip

    def expand_owner(
        grad: int, x: int, index: int, alpha: int, weight: int, grad_x: int, sums: int,
        batch: int, channels: int, n: int, size: int,
    ) -> None:  # fmt: skip
        shared = cuda.shared.array(shared_reals, real)
        at_grad = cuda.shared.array(PARTNERS, types.int64)
        at_map = cuda.shared.array(PARTNERS, types.int64)
        scales = cuda.shared.array(PARTNERS, real)
        found = cuda.shared.array(threads, types.int32)
        total = cuda.local.array(elements, real)
        row = cuda.local.array(1, type_)
        me, pieces = cuda.threadIdx.x, (size + threads - 1) // threads
        maps, factor = channels + n * (n - 1) // 2, read_real(alpha, 0)
        block = cuda.blockIdx.x + 0
        while block < batch * pieces * (channels + 1):
            of_part = divide(block, channels + 1)
            c = block - of_part * (channels + 1)
            b = divide(of_part, pieces)
            place = (of_part - b * pieces) * threads + me
            if c == channels:
                c = -1
            for e in range(elements):
                total[e] = zero
            walk(
                grad, x, index, factor, weight, sums, shared, at_grad, at_map, scales, found, total,
                b, of_part, c, channels, n, size, place,
            )  # fmt: skip
            if c >= 0 and place < size:
                through = read(grad, (b * maps + c) * size + place)
                for e in range(elements):
                    total[e] += part(through, e)
                row[0] = join(total)
                write(grad_x, (b * channels + c) * size + place, row, 0)
            block += cuda.gridDim.x

    return kernel(expand_owner)


@cache
def _channel(word: Word, threads: int, name: str) -> Device:
    """The pairs of all positions of channel c, -1 for those without one."""
    channel, position = channel_lookup(True), _position(word, threads, name)

    def walk(
        grad: int, x: int, index: int, factor: Any, weight: int, sums: int,
        shared: Any, at_grad: Any, at_map: Any, scales: Any, found: Any, total: Any,
        b: int, of_part: int, c: int, channels: int, n: int, size: int, place: int,
    ) -> None:  # fmt: skip
        me, first = cuda.threadIdx.x, 0
        while first < n:
            cuda.syncthreads()  # what was found before is done with
            count = min(threads, n - first)
            if me < count:
                found[me] = 1 if channel(index, b, first + me, n, channels) == c else 0
            cuda.syncthreads()
            for k in range(count):
                if found[k] == 1:
                    position(
                        grad, x, index, factor, weight, sums, shared, at_grad, at_map, scales, total,
                        b, of_part, first + k, c, channels, n, size, place,
                    )  # fmt: skip
            first += threads

    return device(walk)


@cache
def _position(word: Word, threads: int, name: str) -> Device:
    """Adds the pairs of position i, of channel c (-1: none), to its channel's `total` and to the sums."""
    read, read_real, nan = at(word.kind), at(word.real_kind), word.nan
    channel, eight, publish = channel_lookup(True), _eight(word, threads, name), _publish(word, threads)

    def position(
        grad: int, x: int, index: int, factor: Any, weight: int, sums: int,
        shared: Any, at_grad: Any, at_map: Any, scales: Any, total: Any,
        b: int, of_part: int, i: int, c: int, channels: int, n: int, size: int, place: int,
    ) -> None:  # fmt: skip
        pairs = n * (n - 1) // 2
        own = nan
        if c >= 0 and place < size:
            own = read(x, (b * channels + c) * size + place)
        first = 0
        while first < n:
            cuda.syncthreads()  # the partners before are done with
            k = cuda.threadIdx.x + 0
            while k < PARTNERS:
                j = first + k
                if j < n and j != i:
                    p = row_base(i, n) + j if i < j else row_base(j, n) + i
                    other = channel(index, b, j, n, channels)
                    at_grad[k] = (b * (channels + pairs) + channels + p) * size
                    at_map[k] = (b * channels + other) * size if other >= 0 else -1
                    scales[k] = read_real(weight, p)
                k += threads
            cuda.syncthreads()
            begin = 0
            while begin < PARTNERS and first + begin < n:
                eight(
                    grad, x, factor, shared, at_grad, at_map, scales, total, own,
                    i, first + begin, begin, n, place, place < size,
                )  # fmt: skip
                if first + begin + PAIRS > i + 1:
                    publish(shared, sums, of_part * 3 * pairs, pairs, i, first + begin, n)
                begin += PAIRS
            first += PARTNERS

    return device(position)


@cache
def _eight(word: Word, threads: int, name: str) -> Device:
    """Pairs (i, j) of j and the seven after it; their block's totals where one of them has i first."""
    ask, part, elements = _ask(word), word.part, word.elements
    of_both, of_one = pairwise(word, name, PAIRS, True), pairwise(word, name, PAIRS, False)
    keep, add = keeping(threads, PAIRS), adding(word, threads, PAIRS)
    real, type_, zero, count = word.real_type, word.type, word.real(0.0), 3 * PAIRS

    def eight(
        grad: int, x: int, factor: Any, shared: Any, at_grad: Any, at_map: Any, scales: Any, total: Any, own: Any,
        i: int, j: int, begin: int, n: int, place: int, inside: bool,
    ) -> None:  # fmt: skip
        grads = cuda.local.array(PAIRS, type_)
        others = cuda.local.array(PAIRS, type_)
        mine = cuda.local.array(count, real)
        for k in range(count):
            mine[k] = zero
        if inside:
            ask(grad, x, grads, others, at_grad, at_map, i, j, begin, n, place)
        for k in range(PAIRS):
            if inside and j + k < n and j + k != i:
                for e in range(elements):
                    g, theirs = part(grads[k], e), part(others[k], e)
                    if j + k > i:
                        total[e] += of_both(g, part(own, e) * theirs, factor, scales[begin + k], mine, k) * theirs
                    else:
                        total[e] += of_one(g, part(own, e) * theirs, factor, scales[begin + k], mine, k) * theirs
        if j + PAIRS > i + 1:
            keep(mine, shared, cuda.threadIdx.x)
            cuda.syncthreads()
            add(shared, cuda.threadIdx.x)
            cuda.syncthreads()

    return device(eight)


@cache
def _ask(word: Word) -> Device:
    """Loads what eight pairs need into registers."""
    read, nan = at(word.kind), word.nan

    def ask(
        grad: int, x: int, grads: Any, others: Any, at_grad: Any, at_map: Any,
        i: int, j: int, begin: int, n: int, place: int,
    ) -> None:  # fmt: skip
        for k in range(PAIRS):
            if j + k < n and j + k != i:
                grads[k] = read(grad, at_grad[begin + k] + place)
                others[k] = nan
                if at_map[begin + k] >= 0:
                    others[k] = read(x, at_map[begin + k] + place)

    return device(ask)


@cache
def _publish(word: Word, threads: int) -> Device:
    """Stores the totals of pairs (i, j) to (i, j + 7) where i is first."""
    put, real = placed(word, threads, PAIRS), word.real_type

    def publish(shared: Any, sums: int, part: int, pairs: int, i: int, j: int, n: int) -> None:
        row = cuda.local.array(1, real)
        item = cuda.threadIdx.x + 0
        while item < 3 * PAIRS:
            v = item // PAIRS
            k = item - v * PAIRS
            if i < j + k < n:
                put(shared, item, sums, part + v * pairs + row_base(i, n) + j + k, row)
            item += threads

    return device(publish)
