"""The types of PTX: their widths in bytes, and how NumPy holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NUMPY: dict[str, Any] = {
    "pred": np.bool_,
    "b8": np.uint8, "u8": np.uint8, "s8": np.int8,
    "b16": np.uint16, "u16": np.uint16, "s16": np.int16,
    "b32": np.uint32, "u32": np.uint32, "s32": np.int32,
    "b64": np.uint64, "u64": np.uint64, "s64": np.int64,
    "f16": np.float16, "f32": np.float32, "f64": np.float64,
    "bf16": np.uint16, "f16x2": np.uint32, "bf16x2": np.uint32,
}  # fmt: skip
"""bfloat16 and pairs of 16-bit values are held as their bits: NumPy has no type of theirs."""

BITS: dict[int, Any] = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
SIGNED: dict[int, Any] = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def width(kind: str) -> int:
    """Bytes of a value of that type."""
    return int(np.dtype(NUMPY[kind]).itemsize)


def storage(kind: str) -> Any:
    """The type that a register of that type is kept in: bool for predicates, else unsigned bits of its width."""
    return np.bool_ if kind == "pred" else BITS[width(kind)]


def is_float(kind: str) -> bool:
    """Of f16, bf16, f32, f64; not of pairs."""
    return kind in {"f16", "bf16", "f32", "f64"}
