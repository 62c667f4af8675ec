"""`kernel[grid, block](arrays)` of Numba on the PTX machine: any `@cuda.jit` kernel, on NumPy arrays or CPU tensors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from unittest import mock

import numpy as np
import torch

from opbench.errors import UsageError
from opbench.ptx.compilers.numba_compiler import compiled, numba


@contextmanager
def numba_active(architecture: str, start: Callable[..., object]) -> Iterator[None]:
    """Inside, launches of Numba's go to a device of that architecture, whose `Device.launch` is `start`.

    Nothing is done where Numba's CUDA half has not been imported, or simulates by itself.
    """
    if "numba.cuda" not in sys.modules or numba("core.config").ENABLE_CUDASIM:
        yield
        return

    def launch(kernel: Any, extents: tuple[Any, ...]) -> Launch:
        grid, block, _, shared = (*extents, 0, 0)[:4]
        return Launch(architecture, start, kernel, grid, block, shared)

    with mock.patch.object(numba("cuda.dispatcher").CUDADispatcher, "__getitem__", launch):
        yield


@dataclass(frozen=True)
class Launch:
    """`kernel[grid, block, stream, shared]`; there is one stream, and it has waited."""

    architecture: str
    start: Callable[..., object]
    kernel: Any
    grid: Any
    block: Any
    shared: int

    def __call__(self, *arguments: Any) -> None:
        """Raises UsageError for an argument that Numba's kernels do not take, else what `Device.launch` raises."""
        values = [each.detach().numpy() if isinstance(each, torch.Tensor) else each for each in arguments]
        types = tuple(numba("cuda.typing.typeof").typeof(each) for each in values)
        text = _ptx(self.kernel, types, self.architecture)
        flat = [part for number, each in enumerate(values) for part in flattened(number, each)]
        self.start(text, None, self.grid, self.block, flat, shared=self.shared)


def flattened(number: int, value: Any) -> list[Any]:
    """An argument as the parameters that Numba makes of it: an array is its owner, parent, number of elements, bytes
    of one, address, shape and strides in bytes.
    """
    if isinstance(value, np.ndarray):
        return [0, 0, value.size, value.itemsize, value, *value.shape, *value.strides]
    if isinstance(value, int | float | np.number | np.bool_):
        return [value]
    if isinstance(value, tuple):
        return [part for each in value for part in flattened(number, each)]
    raise UsageError(
        f"argument {number} is of type {type(value).__name__}; expected NumPy arrays, CPU tensors, numbers or tuples"
    )


@lru_cache(maxsize=256)
def _ptx(kernel: Any, types: tuple[Any, ...], architecture: str) -> str:
    return compiled(kernel.py_func, types, architecture, kernel.targetoptions)
