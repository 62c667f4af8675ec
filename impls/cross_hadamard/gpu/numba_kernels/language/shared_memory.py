"""A block's shared memory under Numba's simulator: one array for all threads of the block.

Numba's own (numba-cuda 0.30) asks whether an array is there and then makes it, so threads that asked at the same time
had one each, and what one wrote the other never read. Seen as sums that lacked a thread's share, on a busy machine.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np

kernelapi: Any = import_module("numba.cuda.simulator.kernelapi")


class SharedMemory(kernelapi.FakeCUDAShared):  # type: ignore[misc]
    """As Numba's: an array belongs to the line of the kernel that names it."""

    def array(self, shape: Any, dtype: Any, alignment: int | None = None) -> Any:
        """The array of the calling line, (shape) of dtype, not set; of shape 0 the dynamic shared memory."""
        if shape == 0 or alignment is not None:
            return super().array(shape, dtype, alignment)
        if isinstance(dtype, kernelapi.types.Type):
            dtype = kernelapi.numpy_support.as_dtype(dtype)
        asking = sys._getframe(1)  # noqa: SLF001  (an array belongs to a line)
        line = asking.f_code.co_filename, asking.f_lineno
        return self._allocations.setdefault(line, np.empty(shape, dtype))


def install() -> None:
    """For every kernel that is launched from now on."""
    kernelapi.FakeCUDAShared = SharedMemory
