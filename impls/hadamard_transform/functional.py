"""The public function, usable without the harness, and differentiable."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from impls.hadamard_transform.backend_entry import Call
from impls.hadamard_transform.orders import block_of
from opbench import Backend
from opbench.assignments import backend_modules
from opbench.errors import MachineError, unknown

if TYPE_CHECKING:
    from torch import Tensor

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
PREFERRED = {"cpu": ("cpp_ext", "torch_factors"), "cuda": ("triton_jit", "cupy_raw", "torch_factors")}
"""By device, what `auto` takes: the first that can run here."""


def hadamard_transform(
    x: Tensor,
    signs: Tensor | None = None,
    *,
    block: int = 0,
    scale: float | None = None,
    backend: str = "auto",
    out: Tensor | None = None,
) -> Tensor:
    """scale * H (signs * x) along the last axis, H a Hadamard matrix in natural order (`matrices.matrix_of`).

    x: (*rows, size), float32, float16, bfloat16 or float64. size: 2^k, 12 * 2^k, 20 * 2^k or 28 * 2^k up to 2^15.
    signs: (size,) of +-1 in x's dtype, or None: a rotation by random signs.
    block: transforms blocks of that size along the axis, which they have to fill; 0 takes all of it.
    scale: 1/sqrt(block) where left out. With that the transform is its own inverse where its matrix is symmetric: of
        powers of two, and of 28 * 2^k.
    out: of x's shape and dtype, or x itself; not differentiable.
    Raises UsageError for a size that has no transform and a backend that does not exist, ValueError and TypeError for
    tensors that do not fit, MachineError where the backend cannot run, RuntimeError where a gradient would be lost.
    """
    check(x, signs, out)
    chosen = block_of(x.shape[-1], block)
    call = Call(x, chosen, chosen**-0.5 if scale is None else scale, before=signs, out=out)
    name = _chosen(backend, x.device.type)
    if torch.is_grad_enabled() and x.requires_grad:
        if out is not None:
            raise RuntimeError(
                "out= is not differentiable and x requires grad; leave out= away, or use torch.no_grad()"
            )
        result: Tensor = _apply(x, call, name)
        return result
    return _run(call, name)


def check(x: Tensor, signs: Tensor | None, out: Tensor | None) -> None:
    """Raises ValueError or TypeError for a tensor that the transform does not take, saying what it expects."""
    if x.dtype not in DTYPES:
        raise TypeError(f"x is {x.dtype}; expected float32, float16, bfloat16 or float64")
    if x.dim() == 0:
        raise ValueError("x has no axis to transform; expected (*rows, size)")
    if signs is not None and tuple(signs.shape) != (x.shape[-1],):
        raise ValueError(f"signs has shape {tuple(signs.shape)}; expected ({x.shape[-1]},), one for each column of x")
    if out is not None and out.shape != x.shape:
        raise ValueError(f"out has shape {tuple(out.shape)}; expected {tuple(x.shape)} as x")
    for name, tensor in (("signs", signs), ("out", out)):
        if tensor is not None and tensor.dtype != x.dtype:
            raise TypeError(f"{name} is {tensor.dtype}; expected {x.dtype} as x")
        if tensor is not None and tensor.device != x.device:
            raise ValueError(f"{name} is on {tensor.device} and x on {x.device}; expected one device")


class _Differentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, call: Call, backend: str) -> Tensor:
        ctx.call, ctx.backend = replace(call, x=x.detach()), backend
        return _run(ctx.call, backend)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        call: Call = ctx.call
        reverse = replace(call, x=grads[0], before=call.after, after=call.before, transposed=not call.transposed)
        if torch.is_grad_enabled() and grads[0].requires_grad:
            return _apply(grads[0], reverse, ctx.backend), None, None
        return _run(reverse, ctx.backend), None, None


def _apply(x: Tensor, call: Call, backend: str) -> Tensor:
    result: Tensor = _Differentiable.apply(x, call, backend)  # type: ignore[no-untyped-call]  # PyTorch's own
    return result


def _run(call: Call, backend: str) -> Tensor:
    launch_of = _module(backend).launch_of
    with torch.no_grad():
        result: Tensor = launch_of(call)()
    return result


def _chosen(backend: str, device: str) -> str:
    names = PREFERRED.get(device, ("torch_factors",)) if backend == "auto" else (backend,)
    reasons = [f"{name}: {reason}" for name in names if (reason := _missing(name, device)) is not None]
    if len(reasons) == len(names):
        raise MachineError(f"no backend for {device} can run here ({'; '.join(reasons)})")
    return next(name for name in names if _missing(name, device) is None)


def _missing(name: str, device: str) -> str | None:
    found: Backend = _module(name).BACKEND
    return found.missing(device)


def _module(name: str) -> Any:
    known = backend_modules("impls.hadamard_transform")
    if name not in known:
        raise unknown("backend", name, [*known, "auto"], "of hadamard_transform")
    return importlib.import_module(known[name])
