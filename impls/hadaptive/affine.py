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
    """What `norm` computes in eval mode, not to be differentiated.

    None for a module of another kind, and for one without statistics or weights.
    """
    if isinstance(norm, DynamicNorm):
        return norm.f, norm.alpha, norm.weight, norm.bias
    if type(norm) is not nn.BatchNorm2d or not (norm.affine and norm.track_running_stats):
        return None
    try:
        key = _key(norm)
    except RuntimeError:  # of inference tensors, which do not count their changes
        return _folded(norm)
    kept: tuple[Key, Affine] | None = norm.__dict__.get(_KEPT)
    if kept is None or kept[0] != key:
        kept = norm.__dict__[_KEPT] = (key, _folded(norm))
    return kept[1]


_KEPT = "_opbench_affine"
"""Where a BatchNorm keeps it: a dictionary of weak references beside takes 20 us longer between a network's layers."""


def _key(norm: nn.BatchNorm2d) -> Key:
    """Address and count of changes of the four tensors; raises RuntimeError where one has no count."""
    parameters: Any = norm._parameters  # noqa: SLF001  (an attribute of a module costs a call)
    buffers: Any = norm._buffers  # noqa: SLF001
    weight, bias = parameters["weight"], parameters["bias"]
    mean, variance = buffers["running_mean"], buffers["running_var"]
    places = weight.data_ptr(), bias.data_ptr(), mean.data_ptr(), variance.data_ptr()
    return *places, weight._version, bias._version, mean._version, variance._version  # noqa: SLF001


@torch.no_grad()
def _folded(norm: nn.BatchNorm2d) -> Affine:
    """In float32 or better: half precision would round the weight once more than BatchNorm does."""
    mean, variance, weight, bias = (
        one if one.dtype == torch.float64 else one.float()
        for one in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        if one is not None
    )
    scale = weight * (variance + norm.eps).rsqrt()
    return "identity", torch.ones(1, dtype=scale.dtype, device=scale.device), scale, bias - mean * scale
