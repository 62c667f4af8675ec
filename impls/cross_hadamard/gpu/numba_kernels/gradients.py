"""Which kernel, with which grid, for the gradients of the products and of the normalised expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.cross_hadamard.gpu.numba_kernels import planning
from impls.cross_hadamard.gpu.numba_kernels.columns import columns_kernel, shared_bytes
from impls.cross_hadamard.gpu.numba_kernels.language.stream_launch import launch
from impls.cross_hadamard.gpu.numba_kernels.owners import owner_kernel
from impls.cross_hadamard.gpu.numba_kernels.planning import blocks_for
from impls.cross_hadamard.gpu.numba_kernels.products import packed
from impls.cross_hadamard.gpu.numba_kernels.reductions import sums_kernel

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.gpu.numba_kernels.words import Word


def backward(grad: Tensor, x: Tensor, index: Tensor | None, grad_x: Tensor) -> None:
    """grad_x (B, C, H, W) = the gradient of x from grad (B, P, H, W), summed in float32 (float64 for float64) and
    rounded once; 0 for channels that were not selected. The same input gives the same bits.
    """
    _of_x(grad, x, index, (None, None), None, grad_x)


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
    grad * f(u), grad, and grad * weight * f'(u) * pair, each over a part of the batch and the map.
    """
    del bias  # moves the output, not its slope
    _of_x(grad, x, index, (alpha, weight), norm, grad_x)
    settings = planning.SETTINGS
    batch, channels, height, width = x.shape
    n = index.shape[1]
    word, _ = packed(x, grad)
    size, pairs = height * width // word.elements, n * (n - 1) // 2
    parts = max(1, min(-(-settings.waves // pairs), -(-batch * size // settings.reducing)))
    sums = weight.new_empty(parts, 3, pairs)
    kernel = sums_kernel(word, settings.reducing, norm)
    sizes = batch, channels, n, size, parts
    launch(kernel, pairs * parts, settings.reducing, (grad, x, index, alpha, weight, sums, *sizes))
    return sums


def _of_x(
    grad: Tensor,
    x: Tensor,
    index: Tensor | None,
    parameters: tuple[Tensor | None, Tensor | None],
    norm: str | None,
    grad_x: Tensor,
) -> None:
    settings = planning.SETTINGS
    batch, channels, height, width = x.shape
    n = channels if index is None else index.shape[1]
    word, _ = packed(x, grad, grad_x)
    size, lead = height * width // word.elements, 0 if norm is None else channels
    tensors = (grad, x, index, *parameters, grad_x)
    threads = _column_threads(word, n, batch * size)
    if threads:
        blocks = -(-size // threads)
        kernel = columns_kernel(word, index is not None, norm)
        shared = shared_bytes(word, n, threads)
        launch(kernel, batch * blocks, threads, (*tensors, channels, n, size, lead, blocks), shared)
        return
    kernel = owner_kernel(word, index is not None, norm)
    grid = blocks_for(batch * channels * size, settings.threads, settings.blocks)
    launch(kernel, grid, settings.threads, (*tensors, batch, channels, n, size, lead))


def _column_threads(word: Word, n: int, places: int) -> int:
    """Threads of a block of `columns`: as many as its sums leave room for; 0 where `owner` serves better."""
    settings = planning.SETTINGS
    if places < settings.places:
        return 0
    threads = settings.threads
    while threads >= min(32, settings.threads) and shared_bytes(word, n, threads) > settings.shared:
        threads //= 2
    return threads if threads >= min(32, settings.threads) else 0
