"""The same operations under Numba's simulator, where a thread of the GPU is a Python thread and memory is NumPy's.

What the device would answer with a fault is an error here: a read or write outside the tensor, and a vector at an
address that is no multiple of its size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.gpu.numba_kernels.language.access import Device

UNSIGNED = {"b16": np.uint16, "b32": np.uint32}


class Memory:
    """A tensor's bytes as values of any kind, sharing them."""

    def __init__(self, tensor: Tensor) -> None:
        flat = tensor.detach().reshape(-1).view(torch.uint8)
        self.address = tensor.data_ptr()
        self.bytes = flat.numpy()

    def view(self, kind: str, offset: int, width: int) -> np.ndarray[Any, Any]:
        """Values offset to offset + width; raises IndexError outside the tensor and for a misaligned vector."""
        dtype = np.dtype(UNSIGNED.get(kind) or {"s64": np.int64, "f32": np.float32, "f64": np.float64}[kind])
        begin, size = int(offset) * dtype.itemsize, width * dtype.itemsize
        if begin < 0 or begin + size > self.bytes.size:
            raise IndexError(f"bytes {begin} to {begin + size} of a tensor of {self.bytes.size} bytes")
        if (self.address + begin) % size:
            raise IndexError(f"a vector of {size} bytes at an address that is {(self.address + begin) % size} off")
        return self.bytes[begin : begin + size].view(dtype)


def at(kind: str) -> Device:
    """As `access.at`."""
    return lambda memory, offset: memory.view(kind, offset, 1)[0]


def load(kind: str, width: int) -> Device:
    """As `access.load`."""

    def read(memory: Memory, offset: int, row: Any, first: int) -> None:
        row[first : first + width] = memory.view(kind, offset, width)

    return read


def store(kind: str, width: int) -> Device:
    """As `access.store`."""

    def write(memory: Memory, offset: int, row: Any, first: int) -> None:
        memory.view(kind, offset, width)[:] = row[first : first + width]

    return write


def widen(dtype: str) -> Device:
    """As `instructions.widen`."""
    if dtype == "float16":
        return lambda bits: np.float32(np.uint16(bits).view(np.float16))
    return lambda bits: np.uint32(int(bits) << 16).view(np.float32)


def narrow(dtype: str) -> Device:
    """As `instructions.narrow`."""
    return _narrow_float16 if dtype == "float16" else _narrow_bfloat16


def _narrow_float16(value: Any) -> Any:
    return np.float16(value).view(np.uint16)


def _narrow_bfloat16(value: Any) -> Any:
    if np.isnan(value):
        return np.uint16(0x7FFF)
    bits = int(np.float32(value).view(np.uint32))
    return np.uint16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)


def pack(dtype: str) -> Device:
    """As `instructions.pack`."""
    one = narrow(dtype)
    return lambda low, high: np.uint32(int(one(low)) | int(one(high)) << 16)


def product(dtype: str, kind: str) -> Device:
    """As `instructions.product`."""
    wide, one = widen(dtype), narrow(dtype)

    def single(a: Any, b: Any) -> Any:
        return one(wide(a) * wide(b))

    if kind == "b16":
        return single
    return lambda a, b: np.uint32(
        int(single(int(a) & 0xFFFF, int(b) & 0xFFFF)) | int(single(int(a) >> 16, int(b) >> 16)) << 16
    )


def quotient(_bits: int) -> Device:
    """As `instructions.quotient`."""
    return lambda value, by: value // by
