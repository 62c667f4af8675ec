"""BatchNorm by its running statistics, folded into what stands before it: one weight and one bias a channel.

    (conv(x) + b - mean) / sqrt(var + eps) * gamma + beta  =  conv'(x) + b'
    conv' = conv * s,  b' = beta + (b - mean) * s,  s = gamma / sqrt(var + eps)

Computed in float64 and rounded to float32 once, so that a folded weight is off by half a unit in its last place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from opbench.errors import UsageError


class Folded(NamedTuple):
    """Float32, contiguous, and without a gradient; memory of its own."""

    weight: Tensor
    """The convolution's shape (c2, c1 / groups, kh, kw), or of an `affine` (channels,)."""
    bias: Tensor
    """(c2,)."""


def folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> Folded:
    """The convolution that computes what `norm` behind `convolution` computes in eval mode.

    Raises UsageError for a BatchNorm in training mode, without running statistics or of other channels than the
    convolution gives, and where a folded value is beyond float32.
    """
    channels = convolution.out_channels
    if norm.num_features != channels:
        raise UsageError(f"a BatchNorm of {norm.num_features} channels behind a convolution of {channels}")
    scale, shift = scale_and_shift(norm)
    weight = convolution.weight.detach().double() * scale.view(-1, 1, 1, 1)
    if convolution.bias is not None:
        shift = shift + convolution.bias.detach().double() * scale
    return _rounded(weight, shift)


def affine(norm: nn.BatchNorm2d) -> Folded:
    """The weight and the bias by which `norm` in eval mode is v * weight + bias. Raises as `folded`."""
    return _rounded(*scale_and_shift(norm))


def scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """s and beta - mean * s of the module's docstring, (channels,) each in float64; gamma is 1 and beta 0 where `norm`
    has none. Raises UsageError as `folded` does for the BatchNorm alone.
    """
    if norm.training:
        raise UsageError("a BatchNorm in training mode normalises by its batch; call eval() before it is folded")
    mean, variance, gamma, beta = norm.running_mean, norm.running_var, *_affine_of(norm)
    if mean is None or variance is None:
        raise UsageError("a BatchNorm without running statistics; only one that has them can be folded")
    scale = (variance.detach().double() + norm.eps).rsqrt()
    shift = -mean.detach().double()
    if gamma is not None:
        scale = scale * gamma.detach().double()
    shift = shift * scale
    return scale, shift if beta is None else shift + beta.detach().double()


def _affine_of(norm: Any) -> tuple[Tensor | None, Tensor | None]:
    """torch types them as tensors, and an affine=False has neither."""
    return norm.weight, norm.bias


def _rounded(weight: Tensor, bias: Tensor) -> Folded:
    """Where only the folded value overflows, the convolution and its BatchNorm may still be right one after another."""
    rounded = Folded(weight.float().contiguous(), bias.float().contiguous())
    for name, value in rounded._asdict().items():
        if not bool(torch.isfinite(value).all()):
            raise UsageError(f"a folded {name} is not finite in float32; the BatchNorm has to stay a layer of its own")
    return rounded
