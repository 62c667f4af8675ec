"""What a backend file offers, and how a name such as `triton_jit:balanced` leads to it.

A file of the folder `backends` assigns `KERNELS`, one `Kernels`, and `BACKEND`, its entry in the harness's catalogue.
Nothing else in the project lists backends: another file there that assigns both has joined the public functions, the
networks, the contract tests and every sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from opbench.assignments import backend_modules
from opbench.errors import MachineError, UsageError, unknown
from opbench.operator_backends import missing_library

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Backend

    Gradients: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]
    """Of x, alpha, weight and bias, each in its own shape and dtype."""

    Statistics: TypeAlias = tuple[Tensor, Tensor, float]
    """A BatchNorm's running mean (P,) and variance (P,), and its eps."""

PUBLISHED = ("direct", "balanced")
"""The paper's two schedules: one product map a block, and a parity-balanced share of the pairs a channel."""

OURS = ("blocked", "flat")
"""A tile of channel pairs kept in registers, and the flat output cut into equal pieces."""

SCHEDULES = (*PUBLISHED, *OURS)


@dataclass(frozen=True)
class Kernels:
    """Functions of tensors that the contract has admitted; strides, empty sizes and n < 2 are theirs to handle.

    They run below autograd: a gradient is computed by formula or kernel, never by `torch.autograd`, and nothing they
    save or track matters. `steps.py` has every one in PyTorch's operators, `gpu/adapter.py` adapts kernels that want
    contiguous tensors.

    forward(x, index, out, schedule): pairs of x (B, C, *spatial), or of the channels index (B, k) names, as
        (B, P, *spatial). `out` is written and returned when given; it may be strided or share memory with x.
    backward(grad, x, index): the gradient of x from that of the pairs.
    expand(x, index, alpha, weight, bias, norm, schedule): concat(x, norm(alpha * pairs) * weight + bias).
    expand_backward(grad, x, index, alpha, weight, bias, norm): gradients of x, alpha, weight and bias.
    select_expand(x, taps, k, alpha, weight, bias, norm, schedule, statistics): expand of the k channels that `taps`
        scores highest (`steps.strongest`), what ACH is once trained; with statistics, weight and bias are those of a
        BatchNorm (`steps.affine`). None where these are calls of their own.
    configurations(x, index): ways to launch `forward` that its rules would not choose, a label and a launch each, for
        `tuned` to try on a GPU. None where there are none.
    `schedule` is one of SCHEDULES, or "" for the backend's own choice; `norm` one of `norms.NORMS`.
    """

    forward: Callable[[Tensor, Tensor | None, Tensor | None, str], Tensor]
    backward: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    expand: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, str, str], Tensor]
    expand_backward: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, str], Gradients]
    select_expand: (
        Callable[[Tensor, Tensor, int, Tensor, Tensor, Tensor, str, str, Statistics | None], Tensor] | None
    ) = None
    configurations: Callable[[Tensor, Tensor | None], Iterator[tuple[str, Callable[[], Tensor]]]] | None = None


@lru_cache(maxsize=1)
def backends() -> tuple[str, ...]:
    """The files that assign `KERNELS`, in alphabetical order."""
    return tuple(sorted(backend_modules("impls.cross_hadamard", "KERNELS")))


def check_name(name: str) -> None:
    """Raises UsageError unless this is `auto`, `backend` or `backend:schedule` of a backend that exists."""
    if not isinstance(name, str):
        raise UsageError(f"backend is {name!r}; expected a name: {', '.join((*backends(), 'auto'))}")
    _check_known(name)


@lru_cache(maxsize=256)
def _check_known(name: str) -> None:
    stem, colon, _ = name.partition(":")
    if stem == "auto" and colon:
        raise UsageError(f"backend {name!r}: 'auto' picks the schedule too; ask for 'auto' alone")
    if stem not in (*backends(), "auto"):
        raise unknown("backend", stem, [*backends(), "auto"], "of cross_hadamard")


@lru_cache(maxsize=256)
def resolve(name: str, device: str) -> tuple[Kernels, str]:
    """The kernels and the schedule of `backend` or `backend:schedule`.

    Raises UsageError for an unknown backend or schedule, naming those that exist; MachineError for one that cannot
    run on this device, saying what is missing.
    """
    check_name(name)
    stem, colon, schedule = name.partition(":")
    module = _module(stem)
    if isinstance(module, str):
        raise MachineError(f"{stem} cannot run: {module}; there are: {', '.join(usable(device))}")
    backend: Backend = module.BACKEND
    if colon and schedule not in backend.schedules:
        if not backend.schedules:
            raise UsageError(f"backend {stem!r} has no schedules, got {schedule!r}; ask for {stem!r} alone")
        raise unknown("schedule", schedule, backend.schedules, f"of backend {stem!r}")
    if reason := backend.missing(device):
        raise MachineError(f"{stem} cannot run on {device}: {reason}; there are: {', '.join(usable(device))}")
    kernels: Kernels = module.KERNELS
    return kernels, schedule


PACKAGES = {"numba": "numba-cuda", "cupy": "cupy-cuda13x"}
"""What to install for a missing import, where the package's name is not the module's."""


def _module(stem: str) -> Any:
    """The backend's module, or what to install for it. Only a missing library is forgiven, not a fault of ours."""
    try:
        return _imported(stem)
    except ModuleNotFoundError as exc:
        library = missing_library(exc)
        return f"{library} is not installed, python -m pip install {PACKAGES.get(library, library)}"


@lru_cache(maxsize=8)
def usable(device: str) -> tuple[str, ...]:
    """Backends that can run on `cpu` or `cuda` of this machine."""
    return tuple(name for name in backends() if _usable(name, device))


def entry_of(name: str) -> Backend:
    """The harness's entry of the backend. Raises ModuleNotFoundError where its file cannot import its library."""
    entry: Backend = _imported(name).BACKEND
    return entry


def _imported(name: str) -> Any:
    return import_module(backend_modules("impls.cross_hadamard", "KERNELS")[name])


def _usable(name: str, device: str) -> bool:
    module = _module(name)
    return not isinstance(module, str) and module.BACKEND.missing(device) is None
