"""A layer with candidates: which run, how often each is drawn, what speaks for which (`test_planted`: who wins)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from impls.hadaptive.blocks import CNA
from impls.hadaptive.search.mixed import Mixed, comparing, draw, logits_of, weights_of
from opbench.errors import UsageError

from ..scenes import random
from .toys import planted


class Scaled(nn.Module):
    """x times a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor, self.calls = factor, 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * self.factor


def mixed(factors: Sequence[float] = (1, 2, 3), logits: Sequence[float] = (0, 0, 0)) -> Mixed:
    found = Mixed([Scaled(one) for one in factors]).double()
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
        assert y.item() == 1 + ran.index(1)
    assert min(calls(layer)) > 0


def test_eval_runs_the_likeliest_alone() -> None:
    layer = mixed(logits=(0.1, 0.3, 0.2)).eval()
    assert [layer(torch.ones(())).item() for _ in range(5)] == [2] * 5
    assert calls(layer) == [0, 5, 0]


def test_a_comparison_has_the_drawn_candidates_value_to_the_bit_and_ends_with_its_block() -> None:
    layer = mixed((1 / 3, 1 / 7), (0, 0.3)).eval()
    x = random(5, dtype=torch.float64)
    with comparing(layer):
        values = {tuple(layer(x).tolist()) for _ in range(40)}
    assert values == {tuple((x * (1 / 3)).tolist()), tuple((x * (1 / 7)).tolist())}
    before = calls(layer)
    layer(x)
    assert calls(layer) == [before[0], before[1] + 1]


def test_a_comparison_without_gradients_runs_the_drawn_candidate_alone() -> None:
    layer = mixed()
    with torch.no_grad(), comparing(layer):
        layer(torch.ones(3))
    assert sum(calls(layer)) == 1


@pytest.mark.parametrize("tau", [0.1, 4.0])
def test_a_candidate_is_drawn_as_often_as_its_softmax_says_at_any_temperature(tau: float) -> None:
    logits, draws = torch.tensor([0.0, math.log(2), math.log(5)]), 4000
    actual = Counter(draw(logits, tau).place for _ in range(draws))
    for place, share in enumerate((1 / 8, 2 / 8, 5 / 8)):
        assert abs(actual[place] / draws - share) < 4 * math.sqrt(share * (1 - share) / draws)


@pytest.mark.parametrize(("target", "best", "worst"), [(-5.0, 0, 2), (30.0, 2, 0)])
def test_the_gradient_speaks_for_what_is_nearest_to_the_target_whichever_is_drawn(
    target: float, best: int, worst: int
) -> None:
    layer = mixed(factors=(1, 2, 3))
    with comparing(layer):
        for seed in range(9):
            torch.manual_seed(seed)
            layer.logits.grad = None
            y = layer(torch.ones((), dtype=torch.float64))
            (y - target).square().backward()
            assert layer.logits.grad is not None
            slopes = layer.logits.grad.tolist()
            assert slopes[best] < 0 < slopes[worst]
            assert math.fsum(slopes) == pytest.approx(0, abs=1e-12)


def test_a_blank_is_compared_like_any_other() -> None:
    """Whichever is drawn, the gradient speaks for the blank where the rest only does harm."""
    layer = Mixed([Scaled(3), nn.Identity(), Scaled(2)])
    with comparing(layer):
        for seed in range(9):
            torch.manual_seed(seed)
            layer.logits.grad = None
            layer(torch.ones(3)).square().sum().backward()
            assert layer.logits.grad is not None
            assert layer.logits.grad[1] < 0


def test_a_held_layer_before_it_gets_no_graph_and_one_that_learns_the_drawn_candidates_alone() -> None:
    first, layer = nn.Linear(3, 3), Mixed([nn.Linear(3, 3), nn.Linear(3, 3)])
    with comparing(layer):
        layer(first(random(5, 3))).sum().backward()
    got = [candidate.weight.grad is not None for candidate in layer.candidates]
    assert sorted(got) == [False, True]
    assert first.weight.grad is not None


def test_batchnorm_behind_a_layer_does_not_take_the_logits_gradient_away() -> None:
    """Differences between candidates are compared; a weight on the whole output it would cancel, to rounding."""
    network = nn.Sequential(Mixed([CNA(5, 5, 1), CNA(5, 5, 3)]), CNA(5, 3)).double()
    torch.manual_seed(1)
    with comparing(network):
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
        Mixed([nn.Identity()] * count)
