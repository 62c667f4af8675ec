"""The paper's two schedules: blocks of 32 x 32 threads over a map's height and width, one element a thread.

They are as published, because they are here to be compared with: a grid of (maps, height, width) and no vectors.
The loops over rows and columns turn once unless a map is taller or wider than 65535 blocks, and the loop over maps
once unless there are more than 2^31 - 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.gpu.numba_kernels.index import channel_lookup, pair_at, row_base
from impls.cross_hadamard.gpu.numba_kernels.language.target import at, cuda, device, kernel, store

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.words import Word

REGISTERS = 64
"""A block of 1024 threads must fit a multiprocessor's 65536. ptxas 13.0 for sm_90 takes 27 to 38 for `direct` and 46
to 48 for `balanced`; holding them to 32, for a second block, makes `balanced` spill 72 bytes a thread.
"""


@cache
def direct_kernel(word: Word, selected: bool) -> Any:
    """Grid (B*P, height, width): each block makes one product map, having found its pair from the map's position."""
    read, write, multiply = at(word.kind), store(word.kind, 1), word.multiply
    channel, nan, type_ = channel_lookup(selected), word.nan, word.type

    def direct(x: int, index: int, out: int, batch: int, channels: int, n: int, height: int, width: int) -> None:
        value = cuda.local.array(1, type_)
        pairs = n * (n - 1) // 2
        block = cuda.blockIdx.x + 0
        while block < batch * pairs:
            b = block // pairs
            i, j = pair_at(block - b * pairs, n)
            first = channel(index, b, i, n, channels)
            second = channel(index, b, j, n, channels)
            h = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
            while h < height:
                w = cuda.blockIdx.z * cuda.blockDim.x + cuda.threadIdx.x
                while w < width:
                    value[0] = nan
                    if first >= 0 and second >= 0:
                        a = read(x, ((b * channels + first) * height + h) * width + w)
                        value[0] = multiply(a, read(x, ((b * channels + second) * height + h) * width + w))
                    write(out, (block * height + h) * width + w, value, 0)
                    w += cuda.gridDim.z * cuda.blockDim.x
                h += cuda.gridDim.y * cuda.blockDim.y
            block += cuda.gridDim.x

    return kernel(direct, REGISTERS)


@cache
def balanced_kernel(word: Word, selected: bool) -> Any:
    """Grid (B*n, height, width): block `me` takes (it, me) where it < me and me - it is even, (me, it) where it > me
    and it - me is odd, so that every block makes about the same number of products.
    """
    share = device(_balanced_share(word, selected))

    def balanced(x: int, index: int, out: int, batch: int, channels: int, n: int, height: int, width: int) -> None:
        block = cuda.blockIdx.x + 0
        while block < batch * n:
            b = block // n
            h = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
            while h < height:
                w = cuda.blockIdx.z * cuda.blockDim.x + cuda.threadIdx.x
                while w < width:
                    share(x, index, out, b, block - b * n, channels, n, height * width, h * width + w)
                    w += cuda.gridDim.z * cuda.blockDim.x
                h += cuda.gridDim.y * cuda.blockDim.y
            block += cuda.gridDim.x

    return kernel(balanced, REGISTERS)


def _balanced_share(word: Word, selected: bool) -> Callable[..., None]:
    """One element of all the products that are channel `me`'s to make."""
    read, write, multiply = at(word.kind), store(word.kind, 1), word.multiply
    channel, nan, type_ = channel_lookup(selected), word.nan, word.type

    def share(x: int, index: int, out: int, b: int, me: int, channels: int, n: int, size: int, place: int) -> None:
        value = cuda.local.array(1, type_)
        maps = b * (n * (n - 1) // 2)
        own = channel(index, b, me, n, channels)
        mine = nan
        if own >= 0:
            mine = read(x, (b * channels + own) * size + place)
        for it in range(n):
            below = it < me and (me - it) % 2 == 0
            if below or (it > me and (it - me) % 2 == 1):
                p = row_base(it, n) + me if below else row_base(me, n) + it
                other = channel(index, b, it, n, channels)
                value[0] = nan
                if other >= 0:
                    value[0] = multiply(mine, read(x, (b * channels + other) * size + place))
                write(out, (maps + p) * size + place, value, 0)

    return share
