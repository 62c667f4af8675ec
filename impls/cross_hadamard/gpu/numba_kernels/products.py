"""Which kernel, with which grid, for the four schedules of the forward pass and of the normalised expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.cross_hadamard.gpu.numba_kernels import planning
from impls.cross_hadamard.gpu.numba_kernels.blocked import blocked_kernel
from impls.cross_hadamard.gpu.numba_kernels.flat import flat_kernel
from impls.cross_hadamard.gpu.numba_kernels.language.stream_launch import launch
from impls.cross_hadamard.gpu.numba_kernels.planning import MOST_BLOCKS, MOST_ROWS, alignment, blocks_for
from impls.cross_hadamard.gpu.numba_kernels.published import balanced_kernel, direct_kernel
from impls.cross_hadamard.gpu.numba_kernels.words import Word, word_of

if TYPE_CHECKING:
    from torch import Tensor


def forward(x: Tensor, index: Tensor | None, out: Tensor, schedule: str) -> None:
    """out (B, P, H, W) = the products of all pairs of x (B, C, H, W), or of the channels index (B, k) int64 names.

    `schedule` is direct, balanced, blocked or flat. An index outside [0, C) gives NaN; nothing is read there.
    """
    if schedule in {"direct", "balanced"}:
        _published(x, index, out, schedule)
    else:
        _ours(x, index, out, (None, None, None), None, schedule)


def expand(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str, out: Tensor, schedule: str
) -> None:
    """out (B, C + P, H, W) = concat(x, f(alpha * pair) * weight + bias), f the norm, computed in the dtype of alpha
    (1,), weight and bias (P,) and rounded once. `schedule` is blocked or flat.
    """
    _ours(x, index, out, (alpha, weight, bias), norm, schedule)


def dtype_name(tensor: Tensor) -> str:
    """Such as `float32`."""
    return str(tensor.dtype).removeprefix("torch.")


def packed(x: Tensor, *others: Tensor) -> tuple[Word, int]:
    """The word and how many of it go in one vector: as wide as maps and addresses are aligned, 16 bytes at most."""
    pixels = x.shape[2] * x.shape[3]
    aligned = alignment(pixels * x.element_size(), x.data_ptr(), *(other.data_ptr() for other in others))
    word = word_of(dtype_name(x), 2 if x.element_size() == 2 and aligned >= 4 else 1)
    return word, max(1, aligned // word.size)


def _published(x: Tensor, index: Tensor | None, out: Tensor, schedule: str) -> None:
    batch, channels, height, width = x.shape
    n, edge = channels if index is None else index.shape[1], planning.SETTINGS.edge
    make, maps = (direct_kernel, n * (n - 1) // 2) if schedule == "direct" else (balanced_kernel, n)
    rows, columns = -(-height // edge), -(-width // edge)
    grid = min(batch * maps, MOST_BLOCKS), min(rows, MOST_ROWS), min(columns, MOST_ROWS)
    kernel = make(word_of(dtype_name(x), 1), index is not None)
    launch(kernel, grid, (edge, edge), (x, index, out, batch, channels, n, height, width))


def _ours(
    x: Tensor,
    index: Tensor | None,
    out: Tensor,
    parameters: tuple[Tensor | None, Tensor | None, Tensor | None],
    norm: str | None,
    schedule: str,
) -> None:
    run = _blocked if schedule == "blocked" else _flat
    run(x, index, out, parameters, norm)


def _blocked(
    x: Tensor, index: Tensor | None, out: Tensor, parameters: tuple[Tensor | None, ...], norm: str | None
) -> None:
    settings = planning.SETTINGS
    batch, channels, height, width = x.shape
    n = channels if index is None else index.shape[1]
    word, vector = packed(x, out)
    size = height * width // word.elements
    tile = planning.tile_for(settings, batch, n, size // vector)
    tiles = -(-n // tile)
    lead = 0 if norm is None else channels
    items = batch * (tiles * (tiles + 1) // 2 + lead) * (size // vector)
    kernel = blocked_kernel(word, vector, tile, index is not None, norm)
    grid = blocks_for(items, settings.threads, settings.blocks)
    launch(kernel, grid, settings.threads, (x, index, out, *parameters, batch, channels, n, size, lead))


def _flat(
    x: Tensor, index: Tensor | None, out: Tensor, parameters: tuple[Tensor | None, ...], norm: str | None
) -> None:
    settings = planning.SETTINGS
    batch, channels, height, width = x.shape
    n, size = channels if index is None else index.shape[1], height * width
    word = word_of(dtype_name(x), 1)
    vector = max(1, min(alignment(out.data_ptr()), settings.pieces[word.size]) // word.size)
    staged = n * size * word.size <= settings.shared
    span = n * (n - 1) // 2 * size
    chunk = planning.chunk_for(settings, batch, span, n * size if staged else 0, vector)
    chunks = -(-span // chunk)
    lead = 0 if norm is None else channels
    # Places, and how far a turn of the block moves one, are counted in 32 bits where that is enough.
    bits = 32 if span + chunk + settings.threads * vector < 2**31 else 64
    kernel = flat_kernel(word, vector, staged, bits, index is not None, norm)
    shared = n * size * word.size if staged else word.size
    sizes = channels, n, size, lead, chunk, chunks
    launch(kernel, batch * chunks, settings.threads, (x, index, out, *parameters, *sizes), shared)
