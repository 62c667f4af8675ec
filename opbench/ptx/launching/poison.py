"""Tensors that were allocated and not written: known by their allocation, so that nothing has to be named.

Within `opbench.ptx.device(poison=True)` what `torch.empty`, `empty_like`, `new_empty` and `empty_strided` allocate is
unwritten, byte for byte, until PyTorch or a kernel writes it; a kernel that reads it before is wrong. What another
library writes (NumPy into `tensor.numpy()`) is not seen: hand such memory over with `tensor.copy_`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from opbench.ptx.number_types import Array
from opbench.ptx.pointers import Pointer

ALLOCATE = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"}
"""Operators of PyTorch that leave memory as they find it."""
POINT = {"set_", "resize_"}
"""Those that PyTorch declares as writing, and that change where a tensor is, not what it holds."""


class Poison:
    """What is known of such storages: while they live, for each byte whether it was written."""

    def __init__(self) -> None:
        self._storages: dict[int, tuple[StorageWeakRef, Array]] = {}

    def allocated(self, tensor: torch.Tensor) -> None:
        """Nothing of it is written. On the CPU."""
        storage = tensor.untyped_storage()
        self._storages = {key: each for key, each in self._storages.items() if not _gone(each[0])}
        if storage.nbytes():
            mask = np.zeros(storage.nbytes(), np.bool_)
            reference = StorageWeakRef(storage)  # type: ignore[no-untyped-call]  # torch leaves it untyped
            self._storages[storage.data_ptr()] = reference, mask

    def written(self, tensor: torch.Tensor) -> None:
        """All elements of it, which may be some of its storage's."""
        reference, mask = self._storages.get(tensor.untyped_storage().data_ptr(), (None, None))
        if reference is None or mask is None or _gone(reference):
            return
        size = tensor.element_size()
        shape, strides = (*tensor.shape, size), (*(stride * size for stride in tensor.stride()), 1)
        torch.from_numpy(mask).as_strided(shape, strides, tensor.storage_offset() * size).fill_(True)

    def among(self, arguments: Sequence[Any]) -> list[tuple[Array, Array]]:
        """Arrays of a launch that have unwritten bytes: their bytes in place, and the mask of what is written."""
        arrays = {(each.ctypes.data, each.size): each for each in map(_content, arguments) if each.size}
        found = []
        for start, (reference, mask) in self._storages.items():
            if _gone(reference) or mask.all():
                continue
            for (address, size), content in arrays.items():
                part = mask[max(0, address - start) :][:size]
                if start <= address and address + size <= start + mask.size and not part.all():
                    found.append((content, part))
        return found


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves its metaclass untyped
    def __init__(self, poison: Poison) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._poison = poison

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        result = func(*args, **given)
        schema = func._schema  # noqa: SLF001  (PyTorch has no public name for it)
        name = schema.name.rpartition("::")[2]
        if name in ALLOCATE and isinstance(result, torch.Tensor) and result.device.type == "cpu":
            self._poison.allocated(result)
        elif name not in POINT:
            for place, declared in enumerate(schema.arguments):
                value = args[place] if place < len(args) else given.get(declared.name)
                if declared.alias_info is not None and declared.alias_info.is_write:
                    for each in value if isinstance(value, list | tuple) else [value]:
                        if isinstance(each, torch.Tensor) and each.device.type == "cpu":
                            self._poison.written(each)
        return result


@contextmanager
def poisoned(poison: Poison | None) -> Iterator[None]:
    """Inside, allocations are watched; without a Poison nothing is done."""
    if poison is None:
        yield
        return
    with _Watch(poison):
        yield


def _gone(reference: StorageWeakRef) -> bool:
    return bool(reference.expired())  # type: ignore[no-untyped-call]  # torch leaves it untyped


def _content(argument: Any) -> Array:
    """The bytes behind an argument, in place; none of what is no contiguous array."""
    if isinstance(argument, Pointer):
        return argument.content
    if isinstance(argument, torch.Tensor) and argument.device.type == "cpu" and argument.is_contiguous():
        return argument.detach().reshape(-1).view(torch.uint8).numpy()
    if isinstance(argument, np.ndarray) and argument.flags.c_contiguous:
        return argument.reshape(-1).view(np.uint8)
    return np.zeros(0, np.uint8)
