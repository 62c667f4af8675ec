from __future__ import annotations

import pytest
import torch
from torch import nn

from impls.hadaptive.replacing.resizing import (
    absent,
    multiple_of_8,
    pointwise,
    renormed,
    resized,
    resqueezed,
    with_kernel,
)
from opbench.errors import UsageError

from ..scenes import random


class Padded(nn.Conv2d):
    """A library's own kind of convolution."""


class Squeeze(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, squeezed, 1)
        self.conv_expand = nn.Conv2d(squeezed, channels, 1)


@pytest.mark.parametrize("bias", [False, True])
def test_a_convolution_keeps_all_but_its_channels(bias: bool) -> None:
    conv = Padded(7, 5, (3, 1), stride=2, padding=(1, 0), bias=bias, padding_mode="reflect").double()
    before = conv.weight.clone()
    fresh = resized(conv, "conv", 11, 13)
    assert type(fresh) is Padded
    assert (fresh.in_channels, fresh.out_channels, fresh.groups) == (11, 13, 1)
    assert (fresh.kernel_size, fresh.stride, fresh.padding_mode) == ((3, 1), (2, 2), "reflect")
    assert fresh(random(2, 11, 5, 3, dtype=torch.float64)).shape == (2, 13, 3, 2)
    assert (fresh.bias is not None) == bias
    assert torch.equal(conv.weight, before)


def test_a_depthwise_convolution_stays_depthwise_and_another_grouped_one_is_refused() -> None:
    fresh = resized(nn.Conv2d(7, 7, 3, padding=1, groups=7), "conv_dw", 11, 11)
    assert (fresh.groups, fresh.weight.shape) == (11, (11, 1, 3, 3))
    with pytest.raises(UsageError, match="conv_dw has 2 groups of 6 channels; expected one or depthwise"):
        resized(nn.Conv2d(6, 6, 3, groups=2), "conv_dw", 11, 11)


def test_a_norm_starts_anew_with_its_own_constants() -> None:
    norm = nn.BatchNorm2d(5, eps=1e-2, momentum=0.3)
    norm(random(2, 5, 3, 3))
    fresh = renormed(norm, "bn", 7)
    assert (fresh.eps, fresh.momentum, fresh.num_features) == (1e-2, 0.3, 7)
    assert fresh.num_batches_tracked == 0
    x = random(2, 7, 3, 3)
    torch.testing.assert_close(fresh.eval()(x), x / 1.01**0.5)
    with pytest.raises(UsageError, match="bn is a GroupNorm; expected a BatchNorm2d"):
        renormed(nn.GroupNorm(1, 5), "bn", 7)


@pytest.mark.parametrize(("channels", "squeezed"), [(576, 144), (592, 152), (48, 16), (9, 8)])
def test_a_squeeze_keeps_its_ratio_in_steps_of_8(channels: int, squeezed: int) -> None:
    fresh = resqueezed(Squeeze(576, 144), "se", channels)
    assert isinstance(fresh, Squeeze)
    assert fresh.conv_reduce.weight.shape == (squeezed, channels, 1, 1)
    assert fresh.conv_expand.weight.shape == (channels, squeezed, 1, 1)


def test_halves_are_rounded_upward() -> None:
    assert [multiple_of_8(one) for one in (1, 11.9, 12, 148, 156)] == [8, 8, 16, 152, 160]


def test_no_squeeze_stays_none_and_another_gate_is_refused() -> None:
    assert isinstance(resqueezed(nn.Identity(), "se", 7), nn.Identity)
    with pytest.raises(UsageError, match="se is a Sigmoid; expected a squeeze-and-excitation"):
        resqueezed(nn.Sigmoid(), "se", 7)


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 1, stride=2), nn.Conv2d(4, 4, 1, groups=2), nn.ReLU()], ids=str
)
def test_only_a_pointwise_convolution_can_give_way(layer: nn.Module) -> None:
    with pytest.raises(UsageError, match=r"conv_pw is (a ReLU; expected a Conv2d|.*expected a 1x1 convolution)"):
        pointwise(layer, "conv_pw")
    assert pointwise(plain := nn.Conv2d(4, 6, 1), "conv_pw") is plain


def test_a_layer_nobody_can_resize_is_refused() -> None:
    absent(nn.Identity(), "aa")
    absent(None, "aa")
    with pytest.raises(UsageError, match="aa is a AvgPool2d, which cannot be made for other channels"):
        absent(nn.AvgPool2d(2), "aa")


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_a_wider_kernel_leaves_sizes_and_groups_as_they_were(stride: int, dilation: int) -> None:
    conv = nn.Conv2d(7, 7, 3, stride=stride, padding=dilation, dilation=dilation, groups=7, bias=False)
    fresh = with_kernel(conv, "dw", 5)
    x = random(2, 7, 11, 13)
    assert fresh(x).shape == conv(x).shape
    assert (fresh.weight.shape, fresh.groups, fresh.stride) == ((7, 1, 5, 5), 7, (stride, stride))
    assert conv.weight.shape == (7, 1, 3, 3)


@pytest.mark.parametrize(("conv", "kernel"), [(nn.Conv2d(3, 3, 2), 5), (nn.Conv2d(3, 3, 3), 4)], ids=str)
def test_an_even_kernel_is_refused_since_sizes_would_change(conv: nn.Module, kernel: int) -> None:
    with pytest.raises(UsageError, match=r"dw has a kernel of \(., .\), and . is asked for; expected odd ones"):
        with_kernel(conv, "dw", kernel)
