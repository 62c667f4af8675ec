"""The ACH module in training: hard values, and gradients that are those of the soft relaxation."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from impls.expansion.references import all_pairs, channel_scores, strongest
from impls.hadaptive.ach import ACH, use_backend
from impls.hadaptive.ach_parts.normalizers import NORMALIZERS
from impls.hadaptive.ach_parts.selection import LearnedSelection, gumbel

from .scenes import BACKENDS, drawn, mixed_by, random, without_fusing


@pytest.mark.parametrize("norm", NORMALIZERS)
def test_training_multiplies_the_channels_with_the_highest_noisy_scores(norm: str) -> None:
    ach = drawn(ACH(7, 3, norm=norm, backend="torch_eager").double()).train()
    x = random(3, 7, 5, 3, dtype=torch.float64)
    mixed = mixed_by(ach, x)
    assert isinstance(ach.select, LearnedSelection)
    scores = channel_scores(mixed, ach.select.scores.mix.weight)
    torch.manual_seed(5)
    index = strongest(scores + gumbel(scores), 3)
    assert index.tolist() != strongest(scores, 3).tolist()
    want = torch.cat([mixed, copy.deepcopy(ach).norm(all_pairs(mixed, index))], dim=1)
    torch.manual_seed(5)
    torch.testing.assert_close(ach(x), want, rtol=1e-12, atol=1e-12)


def gradients(ach: ACH, x: Tensor) -> list[Tensor]:
    torch.manual_seed(2)
    x = x.clone().requires_grad_()
    y = ach(x)
    return list(torch.autograd.grad((y * random(*y.shape, dtype=y.dtype, seed=4)).sum(), [x, *ach.parameters()]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("norm", NORMALIZERS)
def test_gradients_do_not_depend_on_the_way_it_is_computed(
    backend: str, norm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ach = drawn(ACH(7, 4, norm=norm, backend=backend).double()).train()
    x = random(3, 7, 5, 3, dtype=torch.float64)
    got = gradients(ach, x)
    use_backend(ach, "torch_eager")
    without_fusing(monkeypatch)
    for one, other in zip(got, gradients(ach, x), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_every_parameter_learns_ecas_weights_included() -> None:
    ach = drawn(ACH(7, 4, backend="torch_eager")).train()
    ach(random(3, 7, 5, 3)).square().sum().backward()
    actual = {name: one.grad for name, one in ach.named_parameters()}
    assert len(actual) == 8
    for name, grad in actual.items():
        assert grad is not None, name
        assert grad.isfinite().all(), name
        # BatchNorm takes away what the convolution's bias adds
        assert name == "mix.0.bias" or grad.abs().max() > 1e-3, name


@pytest.mark.parametrize("backend", BACKENDS)
def test_ecas_gradient_is_that_of_the_soft_relaxation_by_finite_differences(backend: str) -> None:
    """Chosen set and noise held, M_H moves as M does: d M_H = d M (Eq. 6). A flipped sign, or a loss that reaches M
    on another way too, gives other numbers.
    """
    ach = drawn(ACH(7, 3, backend=backend).double()).train()
    x = random(2, 7, 5, 3, dtype=torch.float64)
    torch.manual_seed(9)
    ach(x).square().sum().backward()
    assert isinstance(ach.select, LearnedSelection)
    weight = ach.select.scores.mix.weight
    mixed = mixed_by(ach, x).detach()
    torch.manual_seed(9)
    noise = gumbel(mixed.mean((2, 3)))
    tau = float(ach.select.temperature.tau)

    def soft(taps: Tensor) -> Tensor:
        return ((channel_scores(mixed, taps) + noise) / tau).softmax(1)

    index = strongest(soft(weight.detach()), 3)
    start = soft(weight.detach()).gather(1, index)

    def loss(taps: Tensor) -> Tensor:
        gate = 1 + soft(taps).gather(1, index) - start
        chosen = torch.stack([mixed[b, index[b]] * gate[b, :, None, None] for b in range(2)])
        pairs = all_pairs(chosen, torch.arange(3).repeat(2, 1))
        total: Tensor = ach.norm(pairs).square().sum()
        return total.detach()

    for tap in range(5):
        nudge = torch.zeros_like(weight)
        nudge[..., tap] = 1e-5
        want = (loss(weight.detach() + nudge) - loss(weight.detach() - nudge)) / 2e-5
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad[0, 0, tap], want, rtol=1e-6, atol=1e-8)
