"""`kernel[grid, block](arrays)` of Numba on the PTX machine: any `@cuda.jit` kernel, on NumPy arrays or CPU tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

import numpy as np
import torch

from opbench.errors import UsageError
from opbench.ptx.compilers.numba_compiler import compiled, numba
from opbench.ptx.compilers.on_import import once_imported


@contextmanager
def numba_active(architecture: str, start: Callable[..., object]) -> Iterator[None]:
    """Inside, launches of Numba's go to a device of that architecture, whose `Device.launch` is `start`.

    Whether `numba.cuda` was imported before or is inside. A kernel that Numba would simulate is refused.
    """

    def launch(kernel: Any, extents: tuple[Any, ...]) -> Launch:
        grid, block, _, shared = (*extents, 0, 0)[:4]
        return Launch(architecture, start, kernel, grid, block, shared)

    with ExitStack() as patches:

        def patched(part: str, kernels: str, start: Callable[..., object]) -> None:
            def act(module: ModuleType) -> None:
                launching = getattr(module, kernels)
                if hasattr(launching, "__getitem__"):  # Numba's simulator puts a dispatcher that launches nothing there
                    patches.enter_context(mock.patch.object(launching, "__getitem__", start))

            patches.enter_context(once_imported(f"numba.cuda.{part}", act))

        patched("dispatcher", "CUDADispatcher", launch)
        patched("simulator.kernel", "FakeCUDAKernel", _refuse)
        yield


def _refuse(kernel: Any, *_: object) -> NoReturn:
    raise UsageError(
        f"Numba simulates {kernel.fn.__name__}: NUMBA_ENABLE_CUDASIM was set when numba.cuda was imported; unset it "
        "(and OPBENCH_SIMULATE=1) to run what Numba compiles"
    )


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
