"""Tensors as kernels get them: a pointer to their first element, strides apart, several into one storage.

A kernel that walks over strides may touch whatever lies between a tensor's first and last element, and slices of one
tensor (query, key and value in one projection) lie between each other's elements: they share one allocation here, as
they do on a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from opbench.errors import UsageError
from opbench.ptx.number_types import Array

ALLOCATED = 256
"""Where a storage begins on a device: at a multiple of this. Where a pointer lies beside it decides its sectors."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Into `content`, uint8 (size,), `offset` bytes behind its first.

    phase: where `content` begins, in bytes behind a multiple of `ALLOCATED`. name: what an error calls it.
    """

    name: str
    content: Array
    phase: int
    offset: int


@dataclass(slots=True)
class _Extent:
    """From the first to behind the last byte of tensors that lie within each other."""

    names: list[str]
    start: int
    end: int
    tensor: torch.Tensor


def pointers_to(tensors: Mapping[str, torch.Tensor]) -> dict[str, Pointer]:
    """By name a pointer to each tensor's first element; those whose extents overlap point into one allocation.

    Raises UsageError for a tensor that is not on the CPU.
    """
    for name, tensor in tensors.items():
        if tensor.device.type != "cpu" or tensor.layout != torch.strided:
            what = f"a tensor on {tensor.device}" if tensor.device.type != "cpu" else f"a {tensor.layout} tensor"
            raise UsageError(f"{name} is {what}; within opbench.ptx.device kernels take dense tensors on the CPU")
    found: dict[str, Pointer] = {}
    for extent in _merged(tensors):
        content, phase = _bytes(extent)
        for name in extent.names:
            offset = tensors[name].data_ptr() - extent.start
            found[name] = Pointer(", ".join(extent.names), content, phase, offset)
    return found


def _merged(tensors: Mapping[str, torch.Tensor]) -> list[_Extent]:
    merged: list[_Extent] = []
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].data_ptr()):
        start = tensor.data_ptr()
        last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
        end = start + (last + 1) * tensor.element_size() if tensor.numel() else start
        if merged and start < merged[-1].end:
            merged[-1].names.append(name)
            merged[-1].end = max(merged[-1].end, end)
        else:
            merged.append(_Extent([name], start, end, tensor))
    return merged


def _bytes(extent: _Extent) -> tuple[Array, int]:
    """The bytes in place, and their phase. It agrees with the address here as far as compilers look, to 16 bytes."""
    storage = extent.tensor.untyped_storage()
    behind = extent.start - storage.data_ptr() if extent.tensor.numel() else 0
    whole = torch.empty(0, dtype=torch.uint8).set_(storage, behind, (extent.end - extent.start,), (1,))
    return whole.numpy(), (storage.data_ptr() % 16 + behind) % ALLOCATED
