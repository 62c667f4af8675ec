"""The loops of `csrc/` as functions of tensors: built on first use (a second), kept in the cache, no PyTorch needed.

They run on as many threads as PyTorch has: its OpenMP is loaded first, and the library takes that one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impls import native
from impls.plain_build import shared_library
from opbench.caches import known

if TYPE_CHECKING:
    from torch import Tensor

SOURCES = tuple(sorted((Path(__file__).parent / "csrc").glob("*")))
NAME, FLAGS = "opbench_machine", ("-fopenmp",)

_POINTER, _SIZE, _FLAG, _FLOAT, _DOUBLE = (
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_bool,
    ctypes.c_float,
    ctypes.c_double,
)
_TYPES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "read": ((_POINTER, _SIZE, _SIZE, _FLAG), _FLOAT),
    "write": ((_POINTER, _SIZE, _SIZE, _FLAG, _FLOAT), None),
    "copy": ((_POINTER, _POINTER, _SIZE, _SIZE, _FLAG), None),
    "chain_float": ((_POINTER, _SIZE, _SIZE, _FLOAT, _FLOAT), None),
    "chain_double": ((_POINTER, _SIZE, _SIZE, _DOUBLE, _DOUBLE), None),
    "meet": ((), None),
    "touch": ((_SIZE,), _SIZE),
    "squares": ((_POINTER, _SIZE, _POINTER, _SIZE, _FLAG), None),
    "goes_around": ((), _FLAG),
}


def why_not(_: str) -> str | None:
    return native.why_not()


@lru_cache(maxsize=8)
def function(name: str) -> Callable[..., Any]:
    """`machine_NAME` of the library. Raises MachineError where it does not build."""
    symbol: Any = getattr(_library(), f"machine_{name}")
    symbol.argtypes, symbol.restype = _TYPES[name]
    call: Callable[..., Any] = symbol
    return call


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(shared_library(NAME, SOURCES, FLAGS)))


def from_memory(working_set_bytes: int) -> bool:
    """Whether a working set is one that stores around the caches pay for."""
    return working_set_bytes >= known(torch.get_num_threads()).stream_reused_bytes


def address(tensor: Tensor) -> int:
    """Where the tensor's values begin. Raises ValueError where that is no start of a cache line, as the loops need."""
    if tensor.data_ptr() % 64 or not tensor.is_contiguous() or tensor.device != torch.device("cpu"):
        raise ValueError(f"a tensor at {tensor.data_ptr():#x} on {tensor.device}; expected 64-byte aligned on the CPU")
    return tensor.data_ptr()
