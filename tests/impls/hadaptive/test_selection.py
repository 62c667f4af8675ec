"""Scores, noise and the straight-through estimator: values are hard, gradients are those of the softmax."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from torch import Tensor

from impls.expansion.references import channel_scores
from impls.hadaptive.ach_parts.selection import ChannelScores, LearnedSelection, gumbel, selector, straight_through
from impls.hadaptive.ach_parts.static_selection import first_channels
from opbench.errors import UsageError

from .scenes import drawn, random


def relaxed(noisy: Tensor, tau: float) -> Tensor:
    """M, spelled out (Eq. 4)."""
    powers = (noisy / tau).exp()
    return powers / powers.sum(1, keepdim=True)


@pytest.mark.parametrize("shape", [(3, 7, 5, 3), (1, 2, 1, 1), (2, 11, 13)], ids=str)
def test_scores_are_the_weighted_means_of_five_channels_without_bias_or_sigmoid(shape: tuple[int, ...]) -> None:
    scores = drawn(ChannelScores().double())
    x = random(*shape, dtype=torch.float64)
    (weight,) = scores.parameters()
    assert weight.shape == (1, 1, 5)
    image = x if x.dim() == 4 else x[..., None]
    torch.testing.assert_close(scores(x), channel_scores(image, weight), rtol=1e-12, atol=1e-12)


def test_noise_is_gumbel_distributed() -> None:
    assert stats.kstest(gumbel(torch.empty(100_000)).numpy(), stats.gumbel_r.cdf).pvalue > 0.01


def test_a_channel_is_first_as_often_as_its_softmax_says() -> None:
    scores = torch.tensor([0.0, 1.0, 2.0, -1.0]).repeat(50_000, 1)
    noisy = scores + gumbel(scores)
    first = straight_through(noisy, noisy.softmax(1), 2).index[:, 0]
    often = torch.bincount(first, minlength=4) / 50_000
    torch.testing.assert_close(often, relaxed(scores[:1], 1.0)[0], rtol=0, atol=0.01)


def test_eval_takes_the_highest_scores_highest_first_without_noise() -> None:
    selection, x = drawn(LearnedSelection(3, 0.01)), random(5, 7, 3, 1)
    choice = selection(x)
    index, gate = choice.index, choice.gate
    assert gate is None
    assert index.tolist() == selection.scores(x).argsort(1, descending=True)[:, :3].tolist()
    assert len({tuple(row) for row in index.tolist()}) > 1  # it is each sample's own choice


def test_training_takes_the_highest_noisy_scores_with_gates_of_exactly_one() -> None:
    selection, x = drawn(LearnedSelection(4, 0.01)).train(), random(3, 11, 5, 1)
    torch.manual_seed(3)
    choice = selection(x)
    index, gate = choice.index, choice.gate
    torch.manual_seed(3)
    noisy = selection.scores(x) + gumbel(selection.scores(x))
    assert index.tolist() == noisy.argsort(1, descending=True)[:, :4].tolist()
    assert index.tolist() != selection.scores(x).argsort(1, descending=True)[:, :4].tolist()
    assert gate is not None
    assert torch.equal(gate, torch.ones(3, 4))


def test_raising_a_chosen_channels_score_raises_its_gate() -> None:
    """The sign of Eq. 6. Of the others it lowers the gate: M sums to one."""
    noisy = random(1, 5, dtype=torch.float64).requires_grad_()
    choice = straight_through(noisy, (noisy / 2).softmax(1), 3)
    index, gate = choice.index, choice.gate
    assert gate is not None
    for place, channel in enumerate(index[0].tolist()):
        (actual,) = torch.autograd.grad(gate[0, place], noisy, retain_graph=True)
        assert actual[0, channel] > 0
        assert (actual[0, [c for c in range(5) if c != channel]] < 0).all()


@pytest.mark.parametrize("tau", [4.0, 0.7, 0.1])
@pytest.mark.parametrize(("channels", "k"), [(7, 3), (2, 2), (13, 12)])
def test_the_gradient_is_that_of_the_soft_relaxation_by_finite_differences(tau: float, channels: int, k: int) -> None:
    noisy, weights = random(2, channels, dtype=torch.float64), random(2, k, dtype=torch.float64, seed=1)
    start = noisy.clone().requires_grad_()
    choice = straight_through(start, (start / tau).softmax(1), k)
    index, gate = choice.index, choice.gate
    assert gate is not None
    (got,) = torch.autograd.grad((gate * weights).sum(), start)
    step = 1e-5
    for c in range(channels):
        nudge = torch.zeros(channels, dtype=torch.float64)
        nudge[c] = step
        up, down = (relaxed(noisy + sign * nudge, tau).gather(1, index) * weights for sign in (1, -1))
        torch.testing.assert_close(got[:, c], ((up - down) / (2 * step)).sum(1), rtol=1e-6, atol=1e-9)


def test_a_cold_softmax_that_underflows_still_chooses_the_highest() -> None:
    scores = torch.tensor([[-90.0, 0.0, -60.0, -30.0, -120.0]])
    soft = (scores / 0.01).softmax(1)
    assert (soft == 0).sum() == 4  # M alone could not tell these apart
    assert straight_through(scores, soft, 3).index.tolist() == [[1, 3, 2]]


def test_half_precision_scores_are_chosen_from_in_float32() -> None:
    selection = LearnedSelection(2, 0.01)
    with torch.autocast("cpu", torch.bfloat16):
        choice = selection(random(3, 5, 7, 1, dtype=torch.bfloat16))
    index, gate = choice.index, choice.gate
    assert index.shape == (3, 2)
    assert gate is not None
    assert gate.dtype == torch.float32


@pytest.mark.parametrize("training", [True, False])
def test_random_selection_draws_every_channel_as_often_anew_for_each_sample(training: bool) -> None:
    """In eval as in training: it is evaluated with what it was trained for."""
    selection = selector("random", 3, 5, 0.01).train(training)
    index = selection(torch.empty(10_000, 5, 1, 1)).index
    assert all(len(set(row)) == 3 for row in index[:100].tolist())
    often = torch.bincount(index.flatten(), minlength=5) / 10_000
    torch.testing.assert_close(often, torch.full((5,), 0.6), rtol=0, atol=0.02)


def test_random_selection_in_eval_repeats_and_leaves_the_global_generator_alone() -> None:
    selection = selector("random", 3, 7, 0.01).eval()
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    first = selection(torch.empty(11, 7, 1, 1)).index
    assert torch.equal(first, selection(torch.empty(11, 7, 3, 5)).index)
    assert torch.equal(torch.rand(3), want)


def test_fixed_selection_takes_the_first_channels() -> None:
    choice = selector("fixed", 2, 5, 0.01).eval()(torch.empty(3, 5, 7, 7))
    assert choice.index.tolist() == [[0, 1]] * 3


@pytest.mark.parametrize("name", ["fixed", "random"])
def test_what_is_not_learned_has_nothing_to_learn(name: str) -> None:
    selection = selector(name, 2, 5, 0.01).eval()
    assert selection(torch.empty(3, 5, 7, 7)).gate is None
    assert not list(selection.parameters())


def test_an_index_that_does_not_choose_is_one_tensor_for_all_steps() -> None:
    cpu = torch.device("cpu")
    assert first_channels(3, 2, cpu) is first_channels(3, 2, cpu)
    assert first_channels(3, 2, torch.device("meta")).is_meta
    with torch.inference_mode():
        assert not first_channels(5, 4, cpu).is_inference()


@pytest.mark.parametrize(
    ("name", "k", "says"),
    [
        ("learned", 6, "cannot select k = 6 of 5 channels; expected 2 <= k <= 5"),
        ("fixed", 1, "k = 1 selected channels do not make pairs; expected a whole number of at least 2"),
        ("random", -1, "k = -1 selected channels"),
        ("learnd", 2, r"no selection 'learnd' of ACH \(did you mean 'learned'\?\); there are: fixed, learned, random"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(name: str, k: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        selector(name, k, 5, 0.01)
