"""The C++ kernels for the CPU, built on first use: operators of namespace `opbench_cpp` as typed functions.

Pure kernels: they track no gradient and know no fake tensors. Shapes, dtypes and index values are checked in C++, since
a wrong one would touch memory that belongs to others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from impls.native import load
from opbench.caches import CacheUse, known

if TYPE_CHECKING:
    from torch import Tensor

    Gradients: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]

NAME = "opbench_cpp"
_CSRC = Path(__file__).parent / "csrc"
SOURCES = tuple(sorted(file for file in _CSRC.glob("*") if file.suffix in {".cpp", ".h"}))
CORE = tuple(sorted((_CSRC / "cpu").rglob("*.h")))
"""The kernels as headers, which include neither PyTorch nor another runtime."""
VECTORS = (_CSRC / "processor.h", _CSRC / "vectors_in_use.h")
"""What a library of kernels in variants chooses between them by."""
IN_VARIANTS = (*CORE, *sorted(file for file in (_CSRC / "variant").glob("*") if file.suffix in {".cpp", ".h"}))
"""Compiled once for each set of vector instructions; the library takes the widest that the processor has."""


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_cpp`, built (about 20 s on two cores, once per machine) and loaded if it was not.

    Raises MachineError with the compiler's last words when it does not build.
    """
    import torch

    library = load(NAME, SOURCES, IN_VARIANTS)
    _tell_caches(library, known(torch.get_num_threads()))
    return library


def use_caches(use: CacheUse) -> None:
    """Let stores go around the caches from the sizes that `use` says on; at first it is what `known` answers."""
    _tell_caches(operators(), use)


def _tell_caches(library: Any, use: CacheUse) -> None:
    library.use_stream_from(use.stream_fresh_bytes, use.stream_reused_bytes)


@lru_cache(maxsize=16)
def _overload(name: str) -> Callable[..., Any]:
    # Calling the overload itself skips the packet's overload resolution: 2.6 instead of 3.0 us at (1, 2, 1, 1).
    overload: Callable[..., Any] = getattr(operators(), name).default
    return overload


@lru_cache(maxsize=1)
def _pairs() -> Callable[..., Any]:
    return _overload("cross_hadamard")


def forward(x: Tensor, index: Tensor | None = None, out: Tensor | None = None, schedule: str = "") -> Tensor:
    """Pairs of x (B, C, *spatial), or of the channels index (B, k) names, as (B, P, *spatial).

    schedule: direct, balanced, blocked, flat, or "" for the quickest, which is flat. `out` may be strided or share
    memory with x. Raises ValueError, TypeError or IndexError, as the public function does.
    """
    if out is None:
        # A default left away is 0.4 us less to unpack.
        pairs: Tensor = _pairs()(x, index, schedule) if schedule else _pairs()(x, index)
        return pairs
    _overload("cross_hadamard_out")(x, index, out, schedule)
    return out


def backward(grad: Tensor, x: Tensor, index: Tensor | None = None) -> Tensor:
    """The gradient of x from that of the pairs, in x's shape and dtype; sums are kept in float32 (float64)."""
    of_x: Tensor = _overload("cross_hadamard_backward")(grad, x, index)
    return of_x


def expand(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str = "softsign", schedule: str = ""
) -> Tensor:
    """concat(x, f(alpha * pairs) * weight + bias) as (B, C + P, *spatial), computed in float32 (float64), rounded once.

    alpha () or (1,), weight and bias (P,) of any floating dtype. schedule: blocked, flat, or "" for the quicker.
    """
    expanded: Tensor = _overload("ach_expand")(x, index, alpha, weight, bias, norm, schedule)
    return expanded


@lru_cache(maxsize=1)
def select_expand() -> Callable[..., Tensor]:
    """(x, taps, k, alpha, weight, bias, norm, schedule, mean, variance, eps): `expand` of the k channels that `taps`
    scores highest; with the last three, weight and bias are those of BatchNorm with these statistics.

    taps: an odd number of weights. Not a function of these because it is called between the layers of a network, where
    each step of Python costs four times what it does in a loop.
    """
    return _overload("ach_select_expand")


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str = "softsign"
) -> Gradients:
    """Gradients of x, alpha, weight and bias, each in its own shape and dtype."""
    gradients: Gradients = _overload("ach_expand_backward")(grad, x, index, alpha, weight, bias, norm)
    return gradients
