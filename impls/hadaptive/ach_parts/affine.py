"""A trained normaliser of the pairs as what `ach_expand` takes: f, alpha, weight and bias. In eval BatchNorm has them.

With running statistics BatchNorm is (v - mean) / sqrt(var + eps) * w + b: a weight and a bias for each channel, and f
the identity. They are made anew in every call: training changes statistics, and a fused optimiser parameters, without
a trace by which one could tell that something made earlier is stale.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

from impls.hadaptive.ach_parts.normalizers import DynamicNorm

if TYPE_CHECKING:
    from impls.cross_hadamard.kernels import Statistics


@lru_cache(maxsize=8)
def _one(device: torch.device) -> Tensor:
    """alpha of a BatchNorm; made once, because making it is a launch on a GPU."""
    return torch.ones(1, device=device)


Affine: TypeAlias = "tuple[str, Tensor, Tensor, Tensor, Statistics | None]"
"""f by its name in `impls.cross_hadamard.norms`, alpha (1,), weight (P,), bias (P,), and the statistics of a BatchNorm
whose weight and bias these are."""


def in_eval(norm: nn.Module) -> Affine | None:
    """What `norm` computes in eval mode.

    None for a module of another kind or in training mode, one without statistics or weights of its own, and where
    these want gradients.
    """
    if norm.training:
        return None
    parameters: Any = norm._parameters  # noqa: SLF001  (an attribute of a module costs a call of Python)
    weight, bias = parameters.get("weight"), parameters.get("bias")
    if weight is None or bias is None or (torch.is_grad_enabled() and (weight.requires_grad or bias.requires_grad)):
        return None
    kind: Any = type(norm)
    if kind is nn.BatchNorm2d:
        return _running_statistics(norm, weight, bias)
    alpha = parameters.get("alpha")
    if kind.forward is not DynamicNorm.forward or alpha is None or (alpha.requires_grad and torch.is_grad_enabled()):
        return None
    return kind.f, alpha, weight, bias, None


def _running_statistics(norm: Any, weight: Tensor, bias: Tensor) -> Affine | None:
    buffers = norm._buffers  # noqa: SLF001
    mean, variance = buffers.get("running_mean"), buffers.get("running_var")
    if mean is None or variance is None:
        return None
    return "identity", _one(weight.device), weight, bias, (mean, variance, norm.eps)
