"""A kernel started on torch's current stream, its tensors passed as addresses."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from impls.cross_hadamard.gpu.numba_kernels.language import ptx_launch
from impls.cross_hadamard.gpu.numba_kernels.language.simulated import Memory
from impls.cross_hadamard.gpu.numba_kernels.language.target import SIMULATED, cuda
from opbench import ptx

if TYPE_CHECKING:
    from torch import Tensor

    Extent: TypeAlias = int | tuple[int, int] | tuple[int, int, int]


def launch(
    kernel: Any, grid: Extent, block: Extent, arguments: tuple[Tensor | int | None, ...], shared: int = 0
) -> None:
    """Starts kernel[grid, block] with `shared` bytes of dynamic shared memory. Nothing waits, nothing is allocated.

    Tensors must outlive the kernel, which torch's allocator sees to for those of the current stream. All values are
    64-bit integers, so every kernel is compiled once.
    """
    if SIMULATED:
        with _simulating():
            kernel[grid, block, 0, shared](*(_memory(argument) for argument in arguments))
        return
    if (simulated := ptx.current()) is not None:
        ptx_launch.launch(simulated, kernel, grid, block, arguments, shared)
        return
    device = next(argument.device for argument in arguments if isinstance(argument, torch.Tensor))
    values = [_address(argument) for argument in arguments]
    if device.index == torch.cuda.current_device():
        _configured(kernel, grid, block, torch.cuda.current_stream().cuda_stream, shared)(*values)
        return
    with torch.cuda.device(device):
        _configured(kernel, grid, block, torch.cuda.current_stream().cuda_stream, shared)(*values)


@contextmanager
def _simulating() -> Iterator[None]:
    """Overflow and NaN are values to a GPU; and the simulator looks again and again whether its threads are done.

    While it looks, none of them runs: for 5 ms, Python's usual turn, in which a simulated thread would be done several
    times. With turns of 50 us the tests of the gradients take 2.4 s in place of 6.0 s.
    """
    turn_s = sys.getswitchinterval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        sys.setswitchinterval(min(turn_s, 50e-6))
        try:
            yield
        finally:
            sys.setswitchinterval(turn_s)


def _address(argument: Tensor | int | None) -> int:
    if isinstance(argument, torch.Tensor):
        return argument.data_ptr()
    return argument or 0


def _memory(argument: Tensor | int | None) -> Memory | int:
    return Memory(argument) if isinstance(argument, torch.Tensor) else argument or 0


@lru_cache(maxsize=1024)
def _configured(kernel: Any, grid: Extent, block: Extent, stream: int, shared: int) -> Any:
    """A launch is configured once per shape: Numba takes longer over it than the driver over the launch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a small tensor gives a small grid is no news
        return kernel[grid, block, cuda.external_stream(stream), shared]
