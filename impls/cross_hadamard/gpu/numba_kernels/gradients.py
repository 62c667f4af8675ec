"""Which kernel, with which grid, for the gradients of the products and of the normalised expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.cross_hadamard.gpu.numba_kernels import planning
from impls.cross_hadamard.gpu.numba_kernels.columns import columns_kernel, shared_bytes
from impls.cross_hadamard.gpu.numba_kernels.expand_owners import expand_owner_kernel
from impls.cross_hadamard.gpu.numba_kernels.language.stream_launch import launch
from impls.cross_hadamard.gpu.numba_kernels.owners import owner_kernel
from impls.cross_hadamard.gpu.numba_kernels.planning import blocks_for
from impls.cross_hadamard.gpu.numba_kernels.products import packed

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.gpu.numba_kernels.words import Word


def backward(grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor) -> None:
    """grad_x (B, C, H, W) = the gradient of x from grad (B, P, H, W), summed in float32 (float64 for float64) and
    rounded once; 0 for channels that were not selected. The same input gives the same bits.
    """
    settings = planning.SETTINGS
    batch, channels, height, width = x.shape
    n = channels if index is None else index.shape[1]
    word, _ = packed(x, grad, grad_x)
    size = height * width // word.elements
    if threads := _column_threads(word, n, batch * size, None):
        blocks = -(-size // threads)
        kernel = columns_kernel(word, index is not None, None, threads)
        tensors = grad, x, index, None, None, grad_x, None
        shared = shared_bytes(word, n, threads, None)
        launch(kernel, batch * blocks, threads, (*tensors, channels, n, size, 0, blocks), shared)
        return
    grid = blocks_for(batch * channels * size, settings.threads, settings.blocks)
    kernel = owner_kernel(word, index is not None)
    launch(kernel, grid, settings.threads, (grad, x, index, grad_x, batch, channels, n, size))


def expand_backward(
    grad: Tensor,
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str,
    grad_x: Tensor,
) -> Tensor:
    """grad_x from grad (B, C + P, H, W); returns sums (parts, 3, P) in the dtype of alpha, to be added over the parts:
    grad * f(u), grad, and grad * weight * f'(u) * pair, each over a piece of a sample's map.
    """
    del bias  # moves the output, not its slope
    settings = planning.SETTINGS
    batch, channels, height, width = x.shape
    n = index.shape[1]
    word, _ = packed(x, grad, grad_x)
    size, pairs = height * width // word.elements, n * (n - 1) // 2
    columns = _column_threads(word, n, batch * size, norm)
    threads = columns or planning.threads_for(settings, size)
    pieces = -(-size // threads)
    sums = weight.new_empty(batch * pieces, 3, pairs)
    tensors = grad, x, index, alpha, weight, grad_x, sums
    if columns:
        kernel, shared = columns_kernel(word, True, norm, threads), shared_bytes(word, n, threads, norm)
        launch(kernel, batch * pieces, threads, (*tensors, channels, n, size, channels, pieces), shared)
        return sums
    grid = blocks_for(batch * pieces * (channels + 1), 1, settings.blocks)
    launch(expand_owner_kernel(word, threads, norm), grid, threads, (*tensors, batch, channels, n, size))
    return sums


def _column_threads(word: Word, n: int, places: int, norm: str | None) -> int:
    """Threads of a block of `columns`: as many as its sums leave room for; 0 where an owner serves better.

    With a norm a power of two, of which a block adds up its sums.
    """
    settings = planning.SETTINGS
    if places < settings.places:
        return 0
    threads = settings.threads if norm is None else settings.reducing
    while threads >= min(32, settings.threads) and shared_bytes(word, n, threads, norm) > settings.shared:
        threads //= 2
    return threads if threads >= min(32, settings.threads) else 0
