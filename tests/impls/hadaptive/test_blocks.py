from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from impls.hadaptive.blocks import CNA, AdaptiveBottleneck, Ghost, Head

from .scenes import drawn, random


@pytest.mark.parametrize(
    ("kernel", "stride", "edges"),
    [(1, 1, (7, 5)), (2, 2, (3, 2)), (3, 1, (7, 5)), (5, 1, (7, 5)), (7, 1, (7, 5)), (3, 2, (4, 3))],
)
def test_a_cna_keeps_the_edge_or_halves_it_downward(kernel: int, stride: int, edges: tuple[int, int]) -> None:
    assert CNA(3, 5, kernel, stride)(random(2, 3, 7, 5)).shape == (2, 5, *edges)


def test_a_cna_has_no_bias_and_an_activation_only_when_asked() -> None:
    assert [type(one) for one in CNA(3, 5)] == [nn.Conv2d, nn.BatchNorm2d, nn.Hardswish]
    assert [type(one) for one in CNA(3, 5, activation=False)] == [nn.Conv2d, nn.BatchNorm2d]
    assert CNA(3, 5)[0].bias is None


@pytest.mark.parametrize("expanded", [1, 2, 5, 8])
def test_a_ghost_is_a_primary_half_and_a_filtered_copy_of_it(expanded: int) -> None:
    ghost, x = drawn(Ghost(3, expanded)), random(2, 3, 5, 7)
    got, half = ghost(x), (expanded + 1) // 2
    assert got.shape == (2, expanded, 5, 7)
    primary = ghost.primary(x)
    assert torch.equal(got[:, :half], primary)
    assert torch.equal(got[:, half:], ghost.cheap(primary)[:, : expanded - half])


def test_a_ghosts_second_half_is_depthwise_and_not_activated() -> None:
    ghost = Ghost(3, 8)
    assert ghost.cheap[0].groups == 4
    assert ghost.cheap[0].kernel_size == (3, 3)
    assert not any(isinstance(one, nn.Hardswish) for one in ghost.cheap)
    assert any(isinstance(one, nn.Hardswish) for one in ghost.primary)


def bottleneck(c2: int, kernel: int, stride: int) -> AdaptiveBottleneck:
    return AdaptiveBottleneck(4, c2, Ghost(4, 6), 6, kernel, stride)


@pytest.mark.parametrize(("c2", "stride", "residual"), [(4, 1, True), (5, 1, False), (4, 2, False), (5, 2, False)])
def test_the_input_is_added_exactly_where_shapes_allow(c2: int, stride: int, residual: bool) -> None:
    block, x = drawn(bottleneck(c2, 3, stride)), random(2, 4, 7, 5)
    alone = block.project(block.spread(block.expand(x)))
    assert torch.equal(block(x), x + alone if residual else alone)


@pytest.mark.parametrize(("kernel", "stride", "used"), [(7, 1, 7), (3, 1, 3), (2, 2, 2), (7, 2, 2)])
def test_the_depthwise_kernel_is_two_at_stride_two(kernel: int, stride: int, used: int) -> None:
    convolution = bottleneck(5, kernel, stride).spread[0]
    assert convolution.kernel_size == (used, used)
    assert convolution.groups == 6


@pytest.mark.parametrize("kernel", [2, 4])
def test_an_even_kernel_at_stride_one_keeps_the_edge_and_sees_zeros_behind(kernel: int) -> None:
    block, x = drawn(bottleneck(4, kernel, 1)), random(2, 4, 5, 3)
    assert block(x).shape == x.shape
    modules: list[Any] = list(block.spread)
    _, convolution, norm, activation = modules
    before, behind = (kernel - 1) // 2, kernel // 2
    padded = nn.functional.pad(block.expand(x), (before, behind, before, behind))
    expected = activation(norm(nn.functional.conv2d(padded, convolution.weight, groups=6)))
    torch.testing.assert_close(block.spread(block.expand(x)), expected)


def test_a_projection_is_not_activated_and_a_filter_is() -> None:
    block = bottleneck(5, 3, 1)
    assert not any(isinstance(one, nn.Hardswish) for one in block.project)
    assert any(isinstance(one, nn.Hardswish) for one in block.spread)


def test_a_head_is_the_mean_and_two_linear_layers() -> None:
    head, x = drawn(Head(5, 3, 7, 0.3)), random(2, 5, 3, 1)
    linear: Any = head.hide[0]
    hidden = nn.functional.hardswish(nn.functional.linear(x.flatten(2).mean(2), linear.weight, linear.bias))
    torch.testing.assert_close(head(x), nn.functional.linear(hidden, head.classify.weight, head.classify.bias))
    assert head.hide[2].p == 0.3
