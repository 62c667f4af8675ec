"""The C++ kernels for the CPU, built on first use: operators of namespace `opbench_cpp` as typed functions.

Pure kernels: they track no gradient and know no fake tensors. Shapes, dtypes and index values are checked in C++, since
a wrong one would touch memory that belongs to others.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from impls.native import load
from impls.torch_cxx import INTERFACE
from impls.torch_interface.errors import typed
from opbench.caches import CacheUse, known

if TYPE_CHECKING:
    from torch import Tensor

    from impls.cross_hadamard.kernels import Statistics

    Gradients: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]

NAME = "opbench_cpp"
_CSRC = Path(__file__).parent / "csrc"
SOURCES = (*sorted(file for file in _CSRC.glob("*") if file.suffix in {".cpp", ".h"}), *INTERFACE)
CORE = tuple(sorted((_CSRC / "cpu").rglob("*.h")))
"""The kernels as headers, which include neither PyTorch nor another runtime."""
VECTORS = (
    _CSRC / "processor.h",
    _CSRC / "vectors_in_use.h",
    _CSRC / "dispatch.h",
    _CSRC / "cpu" / "types.h",
    *INTERFACE,
)
"""What a library of kernels in variants chooses between them by, and how it registers operators."""
IN_VARIANTS = (*CORE, *sorted(file for file in (_CSRC / "variant").glob("*") if file.suffix in {".cpp", ".h"}))
"""Compiled once for each set of vector instructions; the library takes the widest that the processor has."""

_SCHEDULES = {"": -1, "direct": 0, "balanced": 1, "blocked": 2, "flat": 3}
_OF_EXPANSION = {"blocked": 2, "flat": 3, "": -1}
_NORMS = {"softsign": 0, "sigmoid": 1, "algebraic": 2, "tanh": 3, "identity": 4}
"""As numbers of `cpu/types.h`. The interface of PyTorch 2.9 passes no text, and numbers are quicker."""

_TRACKED = (
    "cross_hadamard",
    "cross_hadamard_out",
    "cross_hadamard_backward",
    "ach_expand",
    "ach_select_expand",
    "ach_expand_backward",
    "fill",
)
_kept: list[Any] = []
"""Registrations, which end with the object."""


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_cpp`, built (13 s of a processor, once per machine) and loaded if it was not.

    Raises MachineError with the compiler's last words when it does not build.
    """
    import torch

    library = load(NAME, SOURCES, IN_VARIANTS)
    _tell_caches(library, known(torch.get_num_threads()))
    _without_autograd()
    return library


def _without_autograd() -> None:
    """Gradients are tracked above these operators. Without this the dispatcher's own warning kernel stands in between
    and costs 2 us a call on tensors that require one.
    """
    from torch.library import Library, fallthrough_kernel

    registrations = Library(NAME, "IMPL")  # type: ignore[no-untyped-call]  # torch: untyped
    for name in _TRACKED:
        registrations.impl(name, fallthrough_kernel, "Autograd")  # type: ignore[no-untyped-call]  # torch: untyped
    _kept.append(registrations)


def _no_such(kind: str, name: str, numbers: dict[str, int], of: str) -> ValueError:
    return ValueError(f"no {kind} {name!r} of {of}; there are: {', '.join(numbers)}")


def use_caches(use: CacheUse) -> None:
    """Let stores go around the caches from the sizes that `use` says on; at first it is what `known` answers."""
    _tell_caches(operators(), use)


def stripe_small_maps(stripes: bool) -> bool:
    """Whether small maps too are made in stripes where they are streamed, with the vector instructions in use; what it
    was. At first it is what pays on processors of this maker.
    """
    use = operators().c.opbench_stripe_small_maps
    use.argtypes, use.restype = [ctypes.c_bool], ctypes.c_bool
    return bool(use(stripes))


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
    try:
        if out is None:
            # A default left away is 0.4 us less to unpack.
            pairs: Tensor = _pairs()(x, index, _SCHEDULES[schedule]) if schedule else _pairs()(x, index)
            return pairs
        _overload("cross_hadamard_out")(x, index, out, _SCHEDULES[schedule])
    except RuntimeError as exc:
        raise typed(exc) from None
    except KeyError:
        raise _no_such("schedule", schedule, _SCHEDULES, "cross_hadamard") from None
    return out


def backward(grad: Tensor, x: Tensor, index: Tensor | None = None) -> Tensor:
    """The gradient of x from that of the pairs, in x's shape and dtype; sums are kept in float32 (float64)."""
    try:
        of_x: Tensor = _overload("cross_hadamard_backward")(grad, x, index)
    except RuntimeError as exc:
        raise typed(exc) from None
    return of_x


def expand(
    x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str = "softsign", schedule: str = ""
) -> Tensor:
    """concat(x, f(alpha * pairs) * weight + bias) as (B, C + P, *spatial), computed in float32 (float64), rounded once.

    alpha () or (1,), weight and bias (P,) of any floating dtype. schedule: blocked, flat, or "" for the quicker.
    """
    call = _overload("ach_expand")
    try:
        expanded: Tensor = call(x, index, alpha, weight, bias, *_settings(norm, schedule))
    except RuntimeError as exc:
        raise typed(exc) from None
    except KeyError:
        raise _unknown_of_expansion(norm, schedule) from None
    return expanded


def _settings(norm: str, schedule: str) -> tuple[int, ...]:
    """The arguments of these, without those at their defaults: what is left away need not be unpacked."""
    if schedule:
        return _NORMS[norm], _OF_EXPANSION[schedule]
    return () if norm == "softsign" else (_NORMS[norm],)


def _unknown_of_expansion(norm: str, schedule: str) -> ValueError:
    if norm not in _NORMS:
        return _no_such("norm", norm, _NORMS, "ach_expand")
    return _no_such("schedule", schedule, _OF_EXPANSION, "ach_expand")


def select_expand(
    x: Tensor,
    taps: Tensor,
    k: int,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str = "softsign",
    schedule: str = "",
    batchnorm: Statistics | None = None,
) -> Tensor:
    """`expand` of the k channels that `taps` scores highest.

    taps: an odd number of weights. batchnorm: mean, variance and eps, where weight and bias are those of BatchNorm with
    these statistics.
    """
    given = x, taps, k, alpha, weight, bias
    try:
        if batchnorm is None:
            expanded: Tensor = _selected()(*given, *_settings(norm, schedule))
        else:
            expanded = _selected()(*given, _NORMS[norm], _OF_EXPANSION[schedule], *batchnorm)
    except RuntimeError as exc:
        raise typed(exc) from None
    except KeyError:
        raise _unknown_of_expansion(norm, schedule) from None
    return expanded


@lru_cache(maxsize=1)
def _selected() -> Callable[..., Any]:
    return _overload("ach_select_expand")


def expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, norm: str = "softsign"
) -> Gradients:
    """Gradients of x, alpha, weight and bias, each in its own shape and dtype."""
    call = _overload("ach_expand_backward")
    try:
        found: Gradients = call(grad, x, index, alpha, weight, bias, _NORMS[norm])
    except RuntimeError as exc:
        raise typed(exc) from None
    except KeyError:
        raise _no_such("norm", norm, _NORMS, "ach_expand") from None
    return found
