"""The C++ kernels as functions of tensors, usable without the harness."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard import cpp_kernels
from impls.native import load
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from impls.polynomial.pi_net.definition import Recursion

NAME = "opbench_pi_net"
_CSRC = Path(__file__).parent / "csrc"
_SHARED = Path(cpp_kernels.__file__).parent / "csrc"
SOURCES = (_CSRC / "operators.cpp", _CSRC / "recursion.h", *cpp_kernels.VECTORS)
IN_VARIANTS = (*sorted((_CSRC / "variant").iterdir()), *sorted((_SHARED / "cpu").rglob("*.h")))
"""Compiled once for each set of vector instructions; it takes the processor's widest, until told otherwise."""
HALF = False
"""Kernels of float32 and float64: variants that differ in half precision alone would be the same again."""
HEADERS = True
"""PyTorch's own are included, for its matrix product inside a parallel loop: the library is of the very release."""

SCRATCH = 512 << 10
"""Bytes of a block's projections, values and factors, a quarter of a processor's second cache."""
COLUMNS = 32
"""A block is a multiple of so many samples."""


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_pi_net`, built and loaded if it was not. Raises MachineError where it does not build."""
    return load(NAME, SOURCES, IN_VARIANTS, half=HALF, headers=HEADERS)


@lru_cache(maxsize=1)
def _operators() -> tuple[Any, Any]:
    library = operators()
    return library.forward.default, library.backward.default


def block_of(samples: int, degree: int, hidden: int, itemsize: int, threads: int) -> int:
    """Samples of a block: what SCRATCH holds, or fewer so that every thread has a block; a multiple of COLUMNS."""
    held = SCRATCH // (3 * degree * hidden * itemsize) // COLUMNS * COLUMNS
    shared = -(-samples // (threads * COLUMNS)) * COLUMNS
    return max(COLUMNS, min(held, shared))


def pi_net(recursion: Recursion, *inputs: Tensor) -> Tensor:
    """(batch, classes), from the form's inputs in order (`definition.FORMS`). No gradient is tracked.

    z: (batch, features); a: (degree, hidden, features); for NCP s: (degree - 1, hidden, hidden) and b: (degree,
    hidden); c: (classes, hidden); beta: (classes,); float32 or float64, on the CPU.
    Raises UsageError for another number of inputs, ValueError and TypeError for other shapes and dtypes, MachineError
    where there is no compiler.
    """
    forward, _ = _operators()
    found: Tensor = forward(*_arguments(recursion, inputs))
    return found


def gradients(recursion: Recursion, grad: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Those of all inputs, in their order, from that of the output, (batch, classes). Errors as `pi_net`."""
    _, backward = _operators()
    return tuple(backward(grad, *_arguments(recursion, inputs)))


def _arguments(recursion: Recursion, inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
    expected = 6 if recursion.form == "ncp" else 4
    if len(inputs) != expected:
        raise UsageError(f"{len(inputs)} inputs for {recursion.form}; expected {expected}")
    z, a, *others = inputs
    s, b = others[:-2] or (None, None)
    degree, hidden = (a.shape[0], a.shape[1]) if a.dim() == 3 else (1, 1)
    block = block_of(z.shape[0], max(1, degree), max(1, hidden), z.element_size(), torch.get_num_threads())
    return z, a, s, b, *others[-2:], recursion.skip, recursion.norm, block
