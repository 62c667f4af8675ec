"""A layer with candidates: which one runs, how often each is drawn, and what gradient the logits get."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from impls.hadaptive.ach_parts.selection import gumbel
from impls.hadaptive.blocks import CNA
from impls.hadaptive.search.mixed import Mixed, draw, logits_of, set_temperature, weights_of
from opbench.errors import UsageError

from ..scenes import random
from .toys import planted


class Scaled(nn.Module):
    """x, or x times a number added to it."""

    def __init__(self, factor: float, *, residual: bool) -> None:
        super().__init__()
        self.factor, self.residual, self.calls = factor, residual, 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * (self.factor + self.residual)


def mixed(
    factors: Sequence[float] = (1, 2, 3), logits: Sequence[float] = (0, 0, 0), *, residual: bool = False
) -> Mixed:
    found = Mixed([Scaled(one, residual=residual) for one in factors], residual=residual).double()
    found.logits.data.copy_(torch.tensor(logits))
    return found


def calls(layer: Mixed) -> list[int]:
    return [one.calls for one in layer.candidates if isinstance(one, Scaled)]


def test_training_runs_the_drawn_candidate_and_no_other() -> None:
    layer = mixed()
    for step in range(20):
        before = calls(layer)
        y = layer(torch.ones((), dtype=torch.float64))
        ran = [after - one for after, one in zip(calls(layer), before, strict=True)]
        assert sorted(ran) == [0, 0, 1], step
        assert y.item() == 1 + ran.index(1)  # the value is the candidate's own, to the bit
    assert min(calls(layer)) > 0


def test_eval_runs_the_likeliest_alone() -> None:
    layer = mixed(logits=(0.1, 0.3, 0.2)).eval()
    assert [layer(torch.ones(())).item() for _ in range(5)] == [2] * 5
    assert calls(layer) == [0, 5, 0]


@pytest.mark.parametrize("tau", [0.1, 4.0])
def test_a_candidate_is_drawn_as_often_as_its_softmax_says_at_any_temperature(tau: float) -> None:
    logits, draws = torch.tensor([0.0, math.log(2), math.log(5)]), 4000
    actual = Counter(draw(logits, tau).place for _ in range(draws))
    for place, share in enumerate((1 / 8, 2 / 8, 5 / 8)):
        assert abs(actual[place] / draws - share) < 4 * math.sqrt(share * (1 - share) / draws)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("tau", [0.7, 4.0])
def test_the_logits_gradient_is_that_of_the_softmax_beneath_by_finite_differences(tau: float, residual: bool) -> None:
    """Draw and noise held, the weight of what the candidate adds moves as M does."""
    layer, x = mixed(logits=(0.3, -0.2, 0.1), residual=residual), random(7, dtype=torch.float64)
    set_temperature(layer, tau)
    torch.manual_seed(3)
    layer(x).square().sum().backward()
    torch.manual_seed(3)
    start = layer.logits.detach()
    noise = gumbel(start)
    place = int((start + noise).argmax())

    def loss(logits: Tensor) -> Tensor:
        weight = 1 + ((logits + noise) / tau).softmax(0)[place] - ((start + noise) / tau).softmax(0)[place]
        return (x * residual + weight * (place + 1) * x).square().sum()

    assert layer.logits.grad is not None
    for at in range(3):
        nudge = torch.zeros_like(start)
        nudge[at] = 1e-6
        want = (loss(start + nudge) - loss(start - nudge)) / 2e-6
        torch.testing.assert_close(layer.logits.grad[at], want, rtol=1e-6, atol=1e-9)
    assert layer.logits.grad.abs().min() > 1e-3  # drawn or not


def test_a_drawn_blank_is_the_zero_that_others_are_measured_against() -> None:
    layer = Mixed([nn.Identity(), Scaled(2, residual=True)], residual=True)
    layer.logits.data.copy_(torch.tensor([50.0, 0.0]))
    y = layer(torch.ones(3))
    y.square().sum().backward()
    assert torch.equal(y, torch.ones(3))
    assert layer.logits.grad is not None
    assert layer.logits.grad.tolist() == [0, 0]


def test_batchnorm_behind_a_residual_layer_does_not_take_the_logits_gradient_away() -> None:
    """A weight on the whole output would be cancelled by it, to rounding."""

    class Added(nn.Module):
        def __init__(self, kernel: int) -> None:
            super().__init__()
            self.branch = CNA(5, 5, kernel)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = x + self.branch(x)
            return y

    network = nn.Sequential(Mixed([Added(1), Added(3)], residual=True), CNA(5, 3)).double()
    torch.manual_seed(1)
    y = network(random(4, 5, 3, 3, dtype=torch.float64))
    (y * random(*y.shape, dtype=torch.float64, seed=2)).sum().backward()
    grad = logits_of(network)[0].grad
    assert grad is not None
    assert grad.abs().min() > 1e-4


def test_logits_and_weights_are_all_parameters_once() -> None:
    network = planted()
    parts = [*logits_of(network), *weights_of(network)]
    assert {id(one) for one in parts} == {id(one) for one in network.parameters()}
    assert len(parts) == len(list(network.parameters())) == 5
    assert [tuple(one.shape) for one in logits_of(network)] == [(4,)]


def test_confidence_is_the_softmax() -> None:
    assert mixed(logits=(0, math.log(2), math.log(5))).confidence == pytest.approx([1 / 8, 2 / 8, 5 / 8])


@pytest.mark.parametrize("count", [0, 1])
def test_a_choice_needs_two(count: int) -> None:
    with pytest.raises(UsageError, match=f"a choice of {count} candidates; expected at least 2"):
        Mixed([nn.Identity()] * count, residual=True)
