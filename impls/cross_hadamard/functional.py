"""The public functions, usable without the harness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import forward_ad

from impls.cross_hadamard.api import fast_autograd, library_operators
from impls.cross_hadamard.contract import check_index, check_input, check_out, check_parameters
from impls.cross_hadamard.kernels import check_name
from impls.cross_hadamard.norms import check_norm

if TYPE_CHECKING:
    from torch import Tensor

    from opbench.caches import CacheUse


def cross_hadamard(
    x: Tensor, index: Tensor | None = None, *, backend: str = "auto", out: Tensor | None = None
) -> Tensor:
    """All pairwise products of the channels of `x`: y[b, p] = x[b, i] * x[b, j] for every pair p = (i, j), i < j.

    x: (B, C, *spatial), float32, float16, bfloat16 or float64, any strides.
    index: (B, k) int64 or None. When given, the pairs are of the channels x[b, index[b]] (the paper's selected form,
        Eq. 2); repeated values are allowed.
    backend: a name such as `cpp_ext`, one with its schedule such as `triton_jit:balanced`, or `auto`, which takes
        the fastest measured for the device, dtype and nearest shape (`opbench ls --dispatch`); where nothing was
        measured, the one of the lowest rank that can run (`opbench.Backend.rank`).
    out: a tensor of the output's shape, dtype and device to write into; it may be strided. Not differentiable.
    Returns (B, P, *spatial), contiguous, with P = n(n-1)/2 for n = C or k; empty for n of 0 or 1. Pairs are in
    row order: (0,1), (0,2), ..., (0,n-1), (1,2), ...

    Twice differentiable in reverse mode; one graph node, `opbench::cross_hadamard`, when compiled or exported.
    Raises ValueError, TypeError or IndexError for arguments outside this contract, the same from every
    backend; UsageError for an unknown backend; MachineError for one that this machine cannot run. In a captured or
    compiled graph on a GPU, where index values cannot be looked at, a value outside gives NaN in place of IndexError
    (from the torch_* backends PyTorch's own device-side assertion). torch.vmap works; torch.func's gradients and
    forward mode are refused with NotImplementedError.
    """
    if not torch.compiler.is_compiling():
        check_name(backend)
    check_input(x)
    if index is not None:
        check_index(x, index)
    if out is not None:
        check_out(x, index, out)
        if needs_dispatcher(x, out):
            torch.ops.opbench.cross_hadamard_out.default(x, index, out, backend)
        else:
            library_operators.cross_hadamard_out(x, index, out, backend)
        return out
    if needs_dispatcher(x):
        y: Tensor = torch.ops.opbench.cross_hadamard.default(x, index, backend)
    elif torch.is_grad_enabled() and x.requires_grad:
        y = fast_autograd.Pairs.apply(x, index, backend)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    else:
        y = library_operators.cross_hadamard(x, index, backend)
    return y


def ach_expand(
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    norm: str = "softsign",
    backend: str = "auto",
) -> Tensor:
    """ACH's expansion in one pass: concat(x, f(alpha * pairs of the selected channels) * weight + bias).

    x: (B, C, *spatial), as for `cross_hadamard`.
    index: (B, k) int64.
    alpha: one value, () or (1,); weight and bias: (P,) with P = k(k-1)/2; in x's dtype or float32.
    norm: f, one of `softsign` u / (1 + |u|) (DySoft, Eq. 11), `sigmoid` sigmoid(u) - 0.5 (DySig), `algebraic`
        u / sqrt(1 + u^2) (DyAlge), `tanh` (DyT), `identity` u (BatchNorm with running statistics).
    backend: as for `cross_hadamard`; of schedules, only `blocked` and `flat` have this fused form.

    Returns (B, C + P, *spatial), contiguous, in x's dtype; kernels of ours compute in float32 (float64 for float64) and
    round once.

    Differentiable in x, alpha, weight and bias; one graph node (`opbench::ach_expand`). Raises as `cross_hadamard`
    does, and UsageError for an unknown norm.
    """
    if not torch.compiler.is_compiling():
        check_name(backend)
    check_input(x)
    check_index(x, index)
    check_parameters(x, index.shape[1], alpha, weight, bias)
    check_norm(norm)
    tensors = (x, alpha, weight, bias)
    if needs_dispatcher(*tensors):
        y: Tensor = torch.ops.opbench.ach_expand.default(x, index, alpha, weight, bias, norm, backend)
    elif torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        y = fast_autograd.Expansion.apply(x, index, alpha, weight, bias, norm, backend)  # type: ignore[no-untyped-call]  # torch
    else:
        y = library_operators.ach_expand(x, index, alpha, weight, bias, norm, backend)
    return y


def measure_caches() -> CacheUse:
    """Measure what this process's threads have of the caches, in about two seconds, and let the C++ kernels go by it.

    Until then they go by what was measured on this machine before (`opbench ceilings` does), or by what the operating
    system tells: from which size on stores go around the caches. Kept for later processes; where it cannot be kept, the
    answer's note says why. Raises MachineError without a C++ compiler.
    """
    from impls.cross_hadamard import cpp_kernels
    from impls.machine.caches import measure

    use = measure()
    cpp_kernels.use_caches(use)
    return use


def needs_dispatcher(*tensors: Tensor) -> bool:
    """Whether something has to see the operator: a graph being made, a tensor subclass, a mode, a transform.

    Otherwise the dispatcher adds nothing but its time (torch 2.13, EPYC 7003): 6 us to a plain call, 14 us to one with
    a gradient to track.
    """
    if torch.compiler.is_compiling():
        return True
    if forward_ad._current_level >= 0:  # noqa: SLF001  (no public names for these)
        _refuse_tangents(tensors)
    for tensor in tensors:
        if type(tensor) not in _PLAIN or tensor.is_meta:
            return True
    transform: Any = torch._C._functorch.peek_interpreter_stack()  # noqa: SLF001
    if transform is not None and transform.key() == torch._C._functorch.TransformType.Grad:  # noqa: SLF001
        raise NotImplementedError("no torch.func gradients (grad, vjp, jacrev); use torch.autograd.grad or .backward()")
    return bool(
        torch._C._len_torch_dispatch_stack()  # noqa: SLF001
        or transform is not None
        or torch._C._get_tracing_state() is not None  # noqa: SLF001
    )


def _refuse_tangents(tensors: tuple[Tensor, ...]) -> None:
    """The dispatcher would drop them and give a derivative of zero."""
    if any(forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors):  # type: ignore[no-untyped-call]  # torch: untyped
        raise NotImplementedError("no forward-mode gradient; use reverse mode: torch.autograd.grad or .backward()")


_PLAIN = (torch.Tensor, torch.nn.Parameter)
