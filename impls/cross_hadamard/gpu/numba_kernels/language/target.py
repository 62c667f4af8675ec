"""The device or its simulator: which set of operations the kernels are built from. Numba decides at its import."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device

cuda: Any = import_module("numba.cuda")
"""Any: what numba-cuda adds is invisible to type checkers, which see the numba package's own, empty `cuda`. Kernels
must know it by this name, by which the simulator finds it.
"""

types: Any = import_module("numba.types")

SIMULATED = bool(import_module("numba").config.ENABLE_CUDASIM)
"""Set by the environment variable NUMBA_ENABLE_CUDASIM, which is read when numba is imported first."""

if SIMULATED:
    from impls.cross_hadamard.gpu.numba_kernels.language import shared_memory
    from impls.cross_hadamard.gpu.numba_kernels.language.simulated import (
        at,
        load,
        narrow,
        pack,
        product,
        quotient,
        store,
        widen,
    )

    shared_memory.install()
else:
    from impls.cross_hadamard.gpu.numba_kernels.language.access import at, load, store
    from impls.cross_hadamard.gpu.numba_kernels.language.instructions import narrow, pack, product, quotient, widen


def device(function: Callable[..., Any]) -> Device:
    """A function that kernels call. The plain function stays callable from Python, for tests."""
    if SIMULATED:
        return function
    compiled: Device = cuda.jit(device=True)(function)
    return compiled


def kernel(function: Callable[..., Any], registers: int | None = None) -> Any:
    """A kernel, compiled on its first launch, for at most so many registers a thread (None: the compiler's choice).

    Nothing is fast-math: no flush of denormals, no approximate quotients.
    """
    if SIMULATED:
        return cuda.jit(function)
    return cuda.jit(function, max_registers=registers)


__all__ = [
    "SIMULATED",
    "at",
    "cuda",
    "device",
    "kernel",
    "load",
    "narrow",
    "pack",
    "product",
    "quotient",
    "store",
    "types",
    "widen",
]
