"""The layers of `impls.inference.layers` in PyTorch's own operators: the same interface, and nothing to compile.

What a prepared network makes of its modules is then tested apart from the kernels, which have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from impls.cross_hadamard import norms
from impls.cross_hadamard.pairs import pair_indices
from impls.cross_hadamard.steps import gathered, selected, strongest


class PlainLayer:
    """Channels last to channels last; `image` reads (B, C, H, W)."""

    def __init__(
        self, run: Callable[[Tensor], Tensor], choose: Callable[[Tensor], Tensor] | None = None, *, image: bool = False
    ) -> None:
        self.run, self.choose, self.image = run, choose, image
        self.chooses = int(choose is not None)

    def __call__(self, x: Tensor, out: Tensor | None = None, threads: int | None = None) -> Tensor:
        assert x.is_contiguous()
        y = self.run(x if self.image else x.permute(0, 3, 1, 2))
        return y.permute(0, 2, 3, 1).contiguous() if y.dim() == 4 else y

    def selected(self, x: Tensor) -> Tensor:
        assert self.choose is not None
        return self.choose(x.permute(0, 3, 1, 2))


def convolution(
    weight: Tensor, bias: Tensor, *, stride: int, padding: int, hardswish: bool, image_nchw: bool = False
) -> PlainLayer:
    def run(x: Tensor) -> Tensor:
        y = functional.conv2d(x, weight, bias, stride, padding)
        return functional.hardswish(y) if hardswish else y

    return PlainLayer(run, image=image_nchw)


def ach_bottleneck(
    mix_weight: Tensor,
    mix_bias: Tensor,
    taps: Tensor,
    k: int,
    norm_name: str,
    alpha: float,
    norm_weight: Tensor,
    norm_bias: Tensor,
    **behind: Any,
) -> PlainLayer:
    i, j = pair_indices(k, mix_weight.device)

    def mixed(x: Tensor) -> Tensor:
        if mix_weight.dim() == 1:
            return x * mix_weight[:, None, None] + mix_bias[:, None, None]
        return functional.conv2d(x, mix_weight[:, :, None, None], mix_bias)

    def expand(x: Tensor) -> Tensor:
        m = mixed(x)
        f = norms.apply(norm_name, alpha * gathered(selected(m, strongest(m, taps, k)), i, j))
        return torch.cat([m, f * norm_weight[:, None, None] + norm_bias[:, None, None]], dim=1)

    return PlainLayer(_bottleneck(expand, **behind), lambda x: strongest(mixed(x), taps, k))


def ghost_bottleneck(
    primary_weight: Tensor,
    primary_bias: Tensor,
    cheap_weight: Tensor,
    cheap_bias: Tensor,
    expanded: int,
    **behind: Any,
) -> PlainLayer:
    def expand(x: Tensor) -> Tensor:
        first = functional.hardswish(functional.conv2d(x, primary_weight[:, :, None, None], primary_bias))
        second = functional.conv2d(first, cheap_weight[:, None], cheap_bias, padding=1, groups=first.shape[1])
        return torch.cat([first, second], dim=1)[:, :expanded]

    return PlainLayer(_bottleneck(expand, **behind))


def _bottleneck(
    expand: Callable[[Tensor], Tensor],
    depthwise_weight: Tensor,
    depthwise_bias: Tensor,
    project_weight: Tensor,
    project_bias: Tensor,
    stride: int,
    residual: bool,
) -> Callable[[Tensor], Tensor]:
    kernel = depthwise_weight.shape[-1]

    def run(x: Tensor) -> Tensor:
        wide = expand(x)
        if stride == 1 and kernel % 2 == 0:
            wide = functional.pad(wide, (0, 1, 0, 1))
        groups, padding = wide.shape[1], (kernel - 1) // 2
        spread = functional.conv2d(wide, depthwise_weight[:, None], depthwise_bias, stride, padding, groups=groups)
        y = functional.conv2d(functional.hardswish(spread), project_weight[:, :, None, None], project_bias)
        return x + y if residual else y

    return run


def classifier(hide_weight: Tensor, hide_bias: Tensor, classify_weight: Tensor, classify_bias: Tensor) -> PlainLayer:
    def run(x: Tensor) -> Tensor:
        hidden = functional.hardswish(functional.linear(x.mean(dim=(2, 3)), hide_weight, hide_bias))
        return functional.linear(hidden, classify_weight, classify_bias)[:, :, None, None]

    return PlainLayer(run)


def network(layers: Sequence[PlainLayer]) -> PlainLayer:
    def run(x: Tensor) -> Tensor:
        for layer in layers:
            x = layer.run(x)
        return x

    return PlainLayer(run, image=layers[0].image)
