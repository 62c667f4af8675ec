"""A trained normaliser of the pairs as what `ach_expand` takes: f, alpha, weight and bias. In eval BatchNorm has them.

With settled statistics BatchNorm is (v - mean) / sqrt(var + eps) * w + b: a weight and a bias for each channel, and f
the identity. They are made once and kept until one of the four they are made from changes.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from impls.hadaptive.normalizers import DynamicNorm

Affine: TypeAlias = tuple[str, Tensor, Tensor, Tensor]
"""f by its name in `impls.cross_hadamard.norms`, alpha (1,), weight (P,) and bias (P,)."""

Key: TypeAlias = tuple[int, ...]


def in_eval(norm: nn.Module) -> Affine | None:
    """What `norm` computes in eval mode.

    None for a module of another kind, without statistics or weights of its own, and where these want gradients.
    """
    parameters: Any = norm._parameters  # noqa: SLF001  (an attribute of a module costs a call of Python)
    weight, bias = parameters.get("weight"), parameters.get("bias")
    if weight is None or bias is None or (torch.is_grad_enabled() and (weight.requires_grad or bias.requires_grad)):
        return None
    if isinstance(norm, DynamicNorm):
        alpha = parameters.get("alpha")
        if alpha is None or (alpha.requires_grad and torch.is_grad_enabled()):
            return None
        return norm.f, alpha, weight, bias
    return _kept(norm, weight, bias) if type(norm) is nn.BatchNorm2d else None


_KEPT = "_opbench_affine"
"""Where a BatchNorm keeps it: a dictionary of weak references beside takes 20 us longer between a network's layers."""


def _kept(norm: nn.BatchNorm2d, weight: Tensor, bias: Tensor) -> Affine | None:
    buffers: Any = norm._buffers  # noqa: SLF001
    mean, variance = buffers.get("running_mean"), buffers.get("running_var")
    if mean is None or variance is None:
        return None
    try:
        key = _key(weight, bias, mean, variance)
    except RuntimeError:  # of inference tensors, which do not count their changes
        return _folded(norm, weight, bias, mean, variance)
    kept: tuple[Key, Affine] | None = norm.__dict__.get(_KEPT)
    if kept is None or kept[0] != key:
        kept = norm.__dict__[_KEPT] = (key, _folded(norm, weight, bias, mean, variance))
    return kept[1]


def _key(weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Key:
    """Address and count of changes of each; raises RuntimeError where one has no count."""
    places = weight.data_ptr(), bias.data_ptr(), mean.data_ptr(), variance.data_ptr()
    return *places, weight._version, bias._version, mean._version, variance._version  # noqa: SLF001


@torch.no_grad()
def _folded(norm: nn.BatchNorm2d, *tensors: Tensor) -> Affine:
    """In float32 or better: half precision would round the weight once more than BatchNorm does."""
    weight, bias, mean, variance = (one if one.dtype == torch.float64 else one.float() for one in tensors)
    scale = weight * (variance + norm.eps).rsqrt()
    return "identity", torch.ones(1, dtype=scale.dtype, device=scale.device), scale, bias - mean * scale
