"""The layers of the bottlenecks' library, made from weights with BatchNorm folded into them; see `handle.Layer`.

Weights are copied and packed while a layer is made. All sizes are checked, since a wrong one would touch memory of
others: UsageError says what came and what was expected. Weights may be of any floating dtype, strided, and need a
gradient.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.norms import check_norm
from impls.cross_hadamard.pairs import pair_count
from impls.inference.handle import Layer
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Layer", "ach_bottleneck", "classifier", "convolution", "ghost_bottleneck", "network"]

_NORMS = ("softsign", "sigmoid", "algebraic", "tanh", "identity")
"""In the order of the C++ enumeration."""


def convolution(
    weight: Tensor, bias: Tensor, *, stride: int = 1, padding: int = 0, hardswish: bool = True, image_nchw: bool = False
) -> Layer:
    """weight (c2, c1, kh, kw), bias (c2,): x (B, H, W, c1) to (B, H', W', c2), with Hardswish or without activation.

    image_nchw: x is (B, c1, H, W). Raises UsageError for other sizes, a stride below 1 and a padding below 0.
    """
    outputs, inputs, height, width = _sizes("weight", weight, 4)
    _check_least(stride=(stride, 1), padding=(padding, 0), outputs=(outputs, 1), inputs=(inputs, 1))
    _check_least(kernel=(min(height, width), 1))
    kept = _Kept()
    return Layer("convolution", image=image_nchw).made(
        *(outputs, inputs, height, width, stride, padding),
        kept("weight", weight, weight.shape),
        kept("bias", bias, (outputs,)),
        *(hardswish, image_nchw),
    )


def ach_bottleneck(
    mix_weight: Tensor | None,
    mix_bias: Tensor,
    taps: Tensor,
    k: int,
    norm_name: str,
    alpha: float,
    norm_weight: Tensor,
    norm_bias: Tensor,
    depthwise_weight: Tensor,
    depthwise_bias: Tensor,
    project_weight: Tensor,
    project_bias: Tensor,
    *,
    stride: int = 1,
    residual: bool = False,
) -> Layer:
    """x (B, H, W, C) to (B, H', W', c2): channels mixed, k of them chosen by scores, pairs f(alpha z_i z_j) * weight +
    bias appended, each filtered in space with Hardswish, and projected.

    mix_weight: (C, C) of the 1x1 convolution, (C,) of a BatchNorm alone, or None for the bias (C,) alone.
    taps: (odd,) of efficient channel attention. k: 0 to C. norm_name: of f, a name in `cross_hadamard.norms`.
    norm_weight, norm_bias: (P,), P = k(k-1)/2, by the triangle's rows. depthwise_weight: (C + P, kh, kw), with a bias.
    project_weight: (c2, C + P), with a bias. residual: whether x is added; c2 is C then, and the stride 1.

    At stride 1 the edge stays, an even window seeing one more row and column of zeros behind than before; at others the
    padding is (kernel - 1) // 2. Ranking is that of ach_select_expand. Raises UsageError for other sizes and names.
    """
    (channels,), (count,) = _sizes("mix_bias", mix_bias, 1), _sizes("taps", taps, 1)
    _check_least(channels=(channels, 1), k=(k, 0), stride=(stride, 1))
    if k > channels:
        raise UsageError(f"k is {k}; expected 0 to the {channels} channels of x")
    if count % 2 == 0:
        raise UsageError(f"taps have shape ({count},); expected an odd number of them")
    check_norm(norm_name)
    pairs = pair_count(k)
    kept = _Kept()
    mix, mix_kind = _mix(kept, mix_weight, channels)
    return Layer("ach_bottleneck", chooses=k).made(
        *(channels, k, mix_kind, mix, kept("mix_bias", mix_bias, (channels,))),
        *(count, kept("taps", taps, (count,), torch.float64), _NORMS.index(norm_name), float(alpha)),
        *(kept("norm_weight", norm_weight, (pairs,)), kept("norm_bias", norm_bias, (pairs,))),
        *_depthwise(kept, depthwise_weight, depthwise_bias, channels + pairs, stride),
        *_project(kept, project_weight, project_bias, channels + pairs, channels if residual else None, stride),
    )


def ghost_bottleneck(
    primary_weight: Tensor,
    primary_bias: Tensor,
    cheap_weight: Tensor,
    cheap_bias: Tensor,
    expanded: int,
    depthwise_weight: Tensor,
    depthwise_bias: Tensor,
    project_weight: Tensor,
    project_bias: Tensor,
    *,
    stride: int = 1,
    residual: bool = False,
) -> Layer:
    """x (B, H, W, c1) to (B, H', W', c2): half of `expanded` channels by a 1x1 convolution with Hardswish, half by a
    3x3 depthwise one of those, each filtered in space with Hardswish, and projected.

    primary_weight: (half, c1), half = ceil(expanded / 2), with a bias. cheap_weight: (half, 3, 3), with a bias; of an
    odd `expanded` its last channel is dropped. depthwise_weight: (expanded, kh, kw), with a bias. project_weight:
    (c2, expanded), with a bias. The rest as of `ach_bottleneck`. Raises UsageError for other sizes.
    """
    half, channels = _sizes("primary_weight", primary_weight, 2)
    _check_least(channels=(channels, 1), expanded=(expanded, 1), stride=(stride, 1))
    if half != -(-expanded // 2):
        raise UsageError(f"primary_weight has {half} outputs; expected {-(-expanded // 2)}, half of {expanded}")
    kept = _Kept()
    return Layer("ghost_bottleneck").made(
        *(channels, half, expanded, kept("primary_weight", primary_weight, (half, channels))),
        *(kept("primary_bias", primary_bias, (half,)), kept("cheap_weight", cheap_weight, (half, 3, 3))),
        kept("cheap_bias", cheap_bias, (half,)),
        *_depthwise(kept, depthwise_weight, depthwise_bias, expanded, stride),
        *_project(kept, project_weight, project_bias, expanded, channels if residual else None, stride),
    )


def classifier(hide_weight: Tensor, hide_bias: Tensor, classify_weight: Tensor, classify_bias: Tensor) -> Layer:
    """x (B, H, W, c) to (B, 1, 1, classes): mean over space, Linear of (hidden, c), Hardswish, Linear of (classes,
    hidden).
    """
    (hidden, channels), (classes, _) = (
        _sizes("hide_weight", hide_weight, 2),
        _sizes("classify_weight", classify_weight, 2),
    )
    _check_least(channels=(channels, 1), hidden=(hidden, 1), classes=(classes, 1))
    kept = _Kept()
    return Layer("classifier").made(
        *(channels, hidden, classes),
        *(kept("hide_weight", hide_weight, (hidden, channels)), kept("hide_bias", hide_bias, (hidden,))),
        *(
            kept("classify_weight", classify_weight, (classes, hidden)),
            kept("classify_bias", classify_bias, (classes,)),
        ),
    )


def network(layers: Sequence[Layer]) -> Layer:
    """The layers one after the other, in one parallel region.

    Raises UsageError for none, and where another than the first takes an image.
    """
    if not layers:
        raise UsageError("a network without layers; expected at least one")
    if late := [layer.name for layer in layers[1:] if layer.image]:
        raise UsageError(f"{late[0]} takes an image (image_nchw) and is not the network's first layer; put it there")
    handles = (ctypes.c_void_p * len(layers))(*(layer.handle.value for layer in layers))
    return Layer("network", layers, image=layers[0].image).made(handles, len(layers))


class _Kept:
    """Weights as the library reads them while it makes a layer; they are kept until this is let go."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def __call__(self, name: str, given: Tensor, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> int:
        """The address of its values."""
        if tuple(given.shape) != tuple(shape):
            raise UsageError(f"{name} has shape {tuple(given.shape)}; expected {tuple(shape)}")
        if not given.is_floating_point():
            raise UsageError(f"{name} is {given.dtype}; expected a floating dtype")
        self.tensors.append(given.detach().to("cpu", dtype).contiguous())
        return self.tensors[-1].data_ptr()


def _mix(kept: _Kept, weight: Tensor | None, channels: int) -> tuple[int | None, int]:
    """The address of the mixing weights, and which kind they are."""
    if weight is None:
        return None, 0
    if weight.dim() == 1:
        return kept("mix_weight", weight, (channels,)), 1
    return kept("mix_weight", weight, (channels, channels)), 2


def _depthwise(kept: _Kept, weight: Tensor, bias: Tensor, channels: int, stride: int) -> tuple[int, ...]:
    _, height, width = _sizes("depthwise_weight", weight, 3)
    _check_least(kernel=(min(height, width), 1))
    addresses = kept("depthwise_weight", weight, (channels, height, width)), kept("depthwise_bias", bias, (channels,))
    return height, width, stride, *addresses


def _project(
    kept: _Kept, weight: Tensor, bias: Tensor, expanded: int, kept_channels: int | None, stride: int
) -> tuple[int, ...]:
    """kept_channels: of x, where that is to be added."""
    outputs, _ = _sizes("project_weight", weight, 2)
    _check_least(outputs=(outputs, 1))
    if kept_channels is not None and (outputs != kept_channels or stride != 1):
        raise UsageError(
            f"a residual from {kept_channels} to {outputs} channels at stride {stride}; expected as many at stride 1"
        )
    addresses = kept("project_weight", weight, (outputs, expanded)), kept("project_bias", bias, (outputs,))
    return outputs, *addresses, int(kept_channels is not None)


def _sizes(name: str, given: Tensor, rank: int) -> tuple[int, ...]:
    if given.dim() != rank:
        raise UsageError(f"{name} has shape {tuple(given.shape)}; expected {rank} axes")
    return tuple(given.shape)


def _check_least(**given: tuple[object, int]) -> None:
    for name, (value, least) in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{name} is {value!r}; expected a whole number of at least {least}")
