"""Kernels on meta tensors, each called once for what it is given: the layers of a network repeat their shapes.

A meta kernel says what shape its result has, and most are Python code: 2 to 10 ms for a BatchNorm, of which a network
has dozens. What such a kernel says follows from shapes, strides, dtypes and numbers alone, so it is kept, and both
counters walk the same shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

LIMIT = 8192
"""Results kept; a network has up to a thousand different ones."""

_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device, torch.layout, torch.memory_format)


@dataclass(frozen=True)
class _Like:
    """What a meta tensor is made of."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    def made(self) -> Tensor:
        return torch.empty_strided(self.size, self.stride, dtype=self.dtype, device="meta")


_Result: TypeAlias = "_Like | tuple[_Like, ...]"
_KEPT: dict[tuple[Any, ...], _Result] = {}


class Kept(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Within it, meta tensors have their kernels called once for what they are given: for walks that ask for shapes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return call(func, args, kwargs or {})


def call(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """func(*args, **kwargs), below autograd. Views, writes and all that depends on values is called every time."""
    key = _key(func, args, kwargs) if _is_pure(func) else None
    if key is None:
        return func(*args, **kwargs)
    known = _KEPT.get(key)
    if known is not None:
        return known.made() if isinstance(known, _Like) else tuple(one.made() for one in known)
    found = func(*args, **kwargs)
    result = _result(found)
    if result is not None:
        if len(_KEPT) >= LIMIT:
            _KEPT.clear()
        _KEPT[key] = result
    return found


@lru_cache(maxsize=1024)
def _is_pure(func: Any) -> bool:
    schema = func._schema  # noqa: SLF001
    return not schema.is_mutable and all(one.alias_info is None for one in schema.returns)


def _key(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
    """None where something else than shapes and numbers is given."""
    words: list[Any] = [func, len(args)]
    for one in (*args, *(part for pair in kwargs.items() for part in pair)):
        word = _word(one)
        if word is None:
            return None
        words.append(word)
    return tuple(words)


def _word(value: Any) -> tuple[Any, ...] | None:
    """With its type, because 1, 1.0 and True are equal keys."""
    if isinstance(value, Tensor):
        plain = value.is_meta and value.layout is torch.strided
        return (Tensor, tuple(value.size()), value.stride(), value.dtype) if plain else None
    if isinstance(value, list | tuple):
        words = [_word(one) for one in value]
        return None if None in words else (list, *words)
    return (type(value), value) if isinstance(value, _PLAIN) else None


def _result(found: Any) -> _Result | None:
    """None for what is not made of plain meta tensors alone."""
    if isinstance(found, tuple):
        parts = [_like(one) for one in found]
        whole = tuple(one for one in parts if one is not None)
        return whole if whole and len(whole) == len(parts) else None
    return _like(found)


def _like(found: Any) -> _Like | None:
    if isinstance(found, Tensor) and found.is_meta and found.layout is torch.strided:
        return _Like(tuple(found.size()), found.stride(), found.dtype)
    return None
