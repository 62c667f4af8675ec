"""The public function, usable without the harness; and how it finds the backend that computes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from impls.cross_hadamard.contract import check_index, check_input, check_out
from opbench.errors import unknown

if TYPE_CHECKING:
    from torch import Tensor

Compute: TypeAlias = "Callable[[Tensor, Tensor | None, Tensor | None], Tensor]"
"""(x, index, out) -> output: what a backend file offers as `compute`, its arguments already checked."""


def backends() -> list[str]:
    """The files of this folder that offer `compute`; another one joins by being there."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(file.stem for file in files if "\ndef compute(" in file.read_text(encoding="utf-8"))


def cross_hadamard(
    x: Tensor, index: Tensor | None = None, *, backend: str = "auto", out: Tensor | None = None
) -> Tensor:
    """All pairwise products of the channels of `x`: y[b, p] = x[b, i] * x[b, j] for every pair p = (i, j), i < j.

    x: (B, C, *spatial), float32, float16, bfloat16 or float64, any strides.
    index: (B, k) int64 or None. When given, the pairs are of the channels x[b, index[b]] (FACTS of the paper:
        the selected form, Eq. 2); repeated values are allowed.
    out: a tensor of the output's shape, dtype and device to write into; it may be strided. Not differentiable.
    Returns (B, P, *spatial), contiguous, with P = n(n-1)/2 for n = C or k; empty for n of 0 or 1. Pairs are in
    row order: (0,1), (0,2), ..., (0,n-1), (1,2), ...

    Raises ValueError, TypeError or IndexError for arguments outside this contract, the same from every
    backend; UsageError for an unknown backend; MachineError for one that this machine cannot run.
    """
    check_input(x)
    if index is not None:
        check_index(x, index)
    if out is not None:
        check_out(x, index, out)
    return _compute(backend, x.device.type)(x, index, out)


@lru_cache(maxsize=32)
def _compute(name: str, device: str) -> Compute:
    if name == "auto":
        return _automatic(device)
    if name not in (known := backends()):
        raise unknown("backend", name, [*known, "auto"], "of cross_hadamard")
    module = import_module(f"impls.cross_hadamard.{name}")
    module.require(device)
    found: Compute = module.compute
    return found


def _automatic(device: str) -> Compute:
    """The rule without a measured table: the C++ extension where it can be built for the device, else eager."""
    from impls.cross_hadamard import cpp_ext

    runs = device in cpp_ext.BACKEND.devices and cpp_ext.BACKEND.unavailable(device) is None
    return _compute("cpp_ext" if runs else "torch_eager", device)
