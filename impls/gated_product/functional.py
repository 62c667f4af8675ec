"""The C++ kernels as functions of tensors, usable without the harness."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard import cpp_kernels
from impls.gated_product.forms import FORMS, check_form
from impls.native import load
from impls.torch_interface.errors import typed
from opbench.caches import CacheUse, known

if TYPE_CHECKING:
    from torch import Tensor

NAME = "opbench_gated"
_CSRC = Path(__file__).parent / "csrc"
_SHARED = Path(cpp_kernels.__file__).parent / "csrc"
SOURCES = (_CSRC / "operators.cpp", _CSRC / "gated.h", *cpp_kernels.VECTORS)
IN_VARIANTS = (
    *sorted((_CSRC / "variant").iterdir()),
    *sorted((_SHARED / "cpu").rglob("*.h")),
    _SHARED / "variant" / "openmp.h",
)
"""Compiled once for each set of vector instructions; it takes the processor's widest, until told otherwise."""

_NUMBERS = {form: number for number, form in enumerate(FORMS)}
"""As numbers of `csrc/gated.h`."""


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_gated`, built and loaded if it was not. Raises MachineError where it does not build."""
    return load(NAME, SOURCES, IN_VARIANTS)


@lru_cache(maxsize=1)
def _operators() -> tuple[Any, Any]:
    library = operators()
    return library.forward.default, library.backward.default


@lru_cache(maxsize=16)
def _caches(threads: int) -> CacheUse:
    """Read once: it stands in a file, which takes longer than a small product."""
    return known(threads)


def gated_product(gate: Tensor, value: Tensor, form: str = "silu", out: Tensor | None = None) -> Tensor:
    """f(gate) * value, computed in float32 (float64 for float64) and rounded once. No gradient is tracked.

    gate, value, out: (tokens, width), float32, float64, float16 or bfloat16, on the CPU; elements of a row contiguous,
    so halves of one (tokens, 2 * width) tensor are taken as they are.
    form: one of `forms.FORMS`.
    Raises UsageError for another form, ValueError and TypeError for other shapes, strides and dtypes, MachineError
    where there is no compiler.
    """
    check_form(form)
    forward, _ = _operators()
    use = _caches(torch.get_num_threads())
    stream_from = use.stream_fresh_bytes if out is None else use.stream_reused_bytes
    if out is None:
        out = torch.empty(gate.shape, dtype=gate.dtype)
    try:
        forward(gate, value, _NUMBERS[form], stream_from, out)
    except RuntimeError as exc:
        raise typed(exc) from None
    return out


def gradients(grad: Tensor, gate: Tensor, value: Tensor, form: str = "silu") -> tuple[Tensor, Tensor]:
    """Those of gate and value from that of the output, in one pass. Shapes, dtypes and errors as `gated_product`."""
    check_form(form)
    of_gate, of_value = torch.empty(gate.shape, dtype=gate.dtype), torch.empty(gate.shape, dtype=gate.dtype)
    _gradients(grad, gate, value, form, of_gate, of_value)
    return of_gate, of_value


def packed_gradient(grad: Tensor, packed: Tensor, form: str = "silu") -> Tensor:
    """That of a (tokens, 2 * width) tensor whose first half is the gate, in one pass."""
    check_form(form)
    found = torch.empty(packed.shape, dtype=packed.dtype)
    (gate, value), (of_gate, of_value) = packed.chunk(2, dim=1), found.chunk(2, dim=1)
    _gradients(grad, gate, value, form, of_gate, of_value)
    return found


def _gradients(grad: Tensor, gate: Tensor, value: Tensor, form: str, of_gate: Tensor, of_value: Tensor) -> None:
    _, backward = _operators()
    stream_from = _caches(torch.get_num_threads()).stream_fresh_bytes
    try:
        backward(grad, gate, value, _NUMBERS[form], stream_from, of_gate, of_value)
    except RuntimeError as exc:
        raise typed(exc) from None
