"""The C++ kernel as a function of tensors, usable without the harness."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard import cpp_kernels
from impls.native import load

if TYPE_CHECKING:
    from torch import Tensor

NAME = "opbench_poly_sa"
_CSRC = Path(__file__).parent / "csrc"
_SHARED = Path(cpp_kernels.__file__).parent / "csrc"
SOURCES = (_CSRC / "operators.cpp", _CSRC / "gate.h", *cpp_kernels.VECTORS)
IN_VARIANTS = (*sorted((_CSRC / "variant").iterdir()), *sorted((_SHARED / "cpu").rglob("*.h")))
"""Compiled once for each set of vector instructions; it takes the processor's widest, until told otherwise."""
HALF = False
"""Kernels of float32 and float64: variants that differ in half precision alone would be the same again."""
HEADERS = True
"""PyTorch's own are included, for its matrix product inside a parallel loop: the library is of the very release."""

SCRATCH = 512 << 10
"""Bytes of a block's projections, a quarter of a processor's second cache."""


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_poly_sa`, built and loaded if it was not. Raises MachineError where it does not build."""
    return load(NAME, SOURCES, IN_VARIANTS, half=HALF, headers=HEADERS)


@lru_cache(maxsize=1)
def _gate() -> Any:
    return operators().gate.default


def block_of(width: int, itemsize: int) -> int:
    """Tokens of a block: as many as SCRATCH holds, a multiple of 32, 32 at least."""
    return max(32, SCRATCH // (2 * width * itemsize) // 32 * 32)


def poly_sa(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """(Phi(x w1 * x w2) * x) w3, Phi the mean over tokens. No gradient is tracked.

    x: (batch, tokens, width); w1, w2, w3: (width, width); float32 or float64, on the CPU. Returns x's shape.
    Raises ValueError and TypeError for other shapes and dtypes, MachineError where there is no compiler.
    """
    gate: Tensor = _gate()(x, torch.cat((w1, w2), 1), block_of(x.shape[2], x.element_size()))
    return x @ (gate[:, :, None] * w3)
