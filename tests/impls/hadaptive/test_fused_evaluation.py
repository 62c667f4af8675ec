"""ACH once trained as one call: the same values as step by step, and only where nobody could tell."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
import torch
from torch import nn

from impls.cross_hadamard import cpp_kernels, steps
from impls.hadaptive import ach as module
from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts import affine
from impls.hadaptive.ach_parts.fused_evaluation import fused_expansion
from impls.hadaptive.ach_parts.normalizers import NORMALIZERS, DynamicNorm

from .scenes import BACKENDS, drawn, random

CHANNELS, K = 7, 4


def by_steps(ach: ACH, x: torch.Tensor) -> torch.Tensor:
    """Eval's definition: the top k of the scores, their products, the normaliser, behind the mixed channels."""
    with torch.no_grad():
        mixed = ach.mix(x)
        z = steps.selected(mixed, ach.select(mixed).index)
        pairs = [z[:, i] * z[:, j] for i in range(ach.k) for j in range(i + 1, ach.k)]
        return torch.cat([mixed, ach.norm(torch.stack(pairs, 1))], dim=1)


def called(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each call of an ACH from here on was answered in one call."""
    found: list[bool] = []

    def watched(*arguments: object) -> torch.Tensor | None:
        y = fused_expansion(*arguments)  # type: ignore[arg-type]
        found.append(y is not None)
        return y

    monkeypatch.setattr(module, "fused_expansion", watched)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("norm", NORMALIZERS)
@pytest.mark.parametrize("shape", [(3, CHANNELS, 5, 3), (1, CHANNELS, 1, 1), (2, CHANNELS, 13, 11)])
def test_one_call_gives_what_the_steps_give(
    shape: tuple[int, ...], norm: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ach, x = drawn(ACH(CHANNELS, K, norm=norm, backend=backend)), random(*shape)
    once = called(monkeypatch)
    with torch.no_grad():
        actual = ach(x)
    assert once == [True]
    torch.testing.assert_close(actual, by_steps(ach, x), rtol=1e-5, atol=1e-5)


def test_gradients_hooks_and_the_papers_schedules_take_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    ach, x = drawn(ACH(CHANNELS, K, backend="torch_eager")), random(2, CHANNELS, 3, 5)
    once = called(monkeypatch)
    ach(x)  # its parameters require gradients
    with torch.no_grad():
        hook = ach.select.register_forward_hook(Mock(return_value=None))
        ach(x)
        hook.remove()
        ach(x)
    assert once == [False, False, True]
    ach.train()
    with torch.no_grad():
        ach(x)
    assert once == [False, False, True]  # training does not ask
    for one in ("fixed", "random"):
        with torch.no_grad():
            drawn(ACH(CHANNELS, K, selection=one, backend="torch_eager"))(x)
    assert once == [False, False, True, False, False]


@pytest.mark.compiler
def test_published_schedules_have_no_such_form(monkeypatch: pytest.MonkeyPatch) -> None:
    ach, x = drawn(ACH(CHANNELS, K, backend="cpp_ext:balanced")), random(2, CHANNELS, 3, 5)
    once = called(monkeypatch)
    with torch.no_grad():
        torch.testing.assert_close(ach(x), by_steps(ach, x))
    assert once == [False]


def test_a_graph_holds_the_operators_and_gives_the_same() -> None:
    ach, x = drawn(ACH(CHANNELS, K, norm="bn", backend="torch_eager")), random(2, CHANNELS, 3, 5)
    with torch.no_grad():
        exported = torch.export.export(ach, (x,))
        torch.testing.assert_close(exported.module()(x), ach(x), rtol=1e-5, atol=1e-5)


def batch_norm(count: int = 5) -> nn.BatchNorm2d:
    return drawn(nn.BatchNorm2d(count))


@torch.no_grad()
def folded(norm: nn.Module, v: torch.Tensor) -> torch.Tensor:
    found = affine.in_eval(norm)
    assert found is not None
    f, alpha, weight, bias, statistics = found
    assert f == "identity"
    assert statistics is not None
    weight, bias = steps.affine(weight, bias, statistics)
    return alpha * v * weight[:, None, None] + bias[:, None, None]


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_batch_norm_in_eval_is_affine(dtype: torch.dtype) -> None:
    norm, v = batch_norm().to(dtype), random(2, 5, 3, 3, dtype=dtype)
    torch.testing.assert_close(folded(norm, v), norm(v))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("norm", NORMALIZERS)
def test_what_training_changed_counts_in_the_next_eval(norm: str, backend: str) -> None:
    """Fused optimisers and BatchNorm in training leave no count of their changes."""
    ach, x = drawn(ACH(CHANNELS, K, norm=norm, backend=backend)), random(5, CHANNELS, 3, 5)
    optimizer = torch.optim.AdamW(ach.parameters(), 0.1, fused=True)
    for _ in range(3):
        ach.train()
        optimizer.zero_grad()
        ach(x).square().sum().backward()
        optimizer.step()
        ach.eval()
        with torch.no_grad():
            torch.testing.assert_close(ach(x), by_steps(ach, x), rtol=1e-4, atol=1e-4)


def test_a_part_in_training_mode_trains() -> None:
    ach, x = drawn(ACH(CHANNELS, K, norm="bn", backend="torch_eager")), random(5, CHANNELS, 3, 5)
    ach.norm.train()
    assert isinstance(ach.norm, nn.BatchNorm2d)
    assert ach.norm.running_mean is not None
    before = ach.norm.running_mean.clone()
    with torch.no_grad():
        ach(x)
        assert not torch.equal(ach.norm.running_mean, before)
        ach.norm.eval()
        ach.select.train()
        assert not torch.equal(ach(x), ach(x))  # noise


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_every_backend_chooses_alike(dtype: torch.dtype, backend: str) -> None:
    ach = drawn(ACH(97, 16, backend=backend))
    norm = ach.norm
    assert isinstance(norm, DynamicNorm)
    for seed in range(20):
        x = random(2, 97, 7, 7, seed=seed)
        with torch.no_grad(), torch.autocast("cpu", dtype):
            mixed = ach.mix(x)
            index = ach.select(mixed).index
            actual, z = ach(x), steps.selected(mixed, index)
            first = z[:, 0] * z[:, 1]
        assert actual.dtype == dtype
        u = norm.alpha * first.float()
        expected = u / (1 + u.abs()) * norm.weight[0] + norm.bias[0]
        torch.testing.assert_close(actual[:, 97].float(), expected, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("name", ["dysoft", "bn"])
def test_where_a_parameter_wants_a_gradient_there_is_no_formula(name: str) -> None:
    norm = NORMALIZERS[name](5).eval()
    assert affine.in_eval(norm) is None
    with torch.no_grad():
        assert affine.in_eval(norm) is not None
    norm.requires_grad_(False)
    assert affine.in_eval(norm) is not None
    next(norm.parameters()).requires_grad_()
    assert affine.in_eval(norm) is None


def test_a_batch_norm_of_inference_tensors_is_made_affine_each_time() -> None:
    with torch.inference_mode():
        norm = batch_norm()
        v = random(2, 5, 3, 3)
        torch.testing.assert_close(folded(norm, v), norm(v))
        norm.weight.mul_(2)
        torch.testing.assert_close(folded(norm, v), norm(v))


@pytest.mark.parametrize(
    "norm", [nn.Identity(), nn.BatchNorm2d(5, affine=False), nn.BatchNorm2d(5, track_running_stats=False)]
)
@torch.no_grad()
def test_what_has_no_such_formula_is_left_to_itself(norm: nn.Module) -> None:
    assert affine.in_eval(norm.eval()) is None
    assert affine.in_eval(nn.BatchNorm2d(5)) is None  # in training mode


@pytest.mark.compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize(
    ("shape", "k"),
    [
        ((3, 97, 7, 5), 16),
        ((1, 131, 1, 1), 2),
        ((2, 5, 3, 1), 5),
        ((1, 7, 61, 67), 3),
        ((2, 9), 4),
        ((1, 7, 3), 1),
        ((0, 7, 3, 3), 2),
    ],
)
@pytest.mark.parametrize("schedule", ["", "blocked", "flat"])
def test_the_kernel_chooses_as_pytorch_does_bit_for_bit(
    schedule: str, shape: tuple[int, ...], k: int, dtype: torch.dtype
) -> None:
    x, pairs = random(*shape, dtype=dtype), k * (k - 1) // 2
    taps, alpha = random(5, dtype=dtype, seed=1), torch.tensor([0.5])
    weight, bias = random(pairs, seed=2), random(pairs, seed=3)
    actual = cpp_kernels.select_expand(x, taps, k, alpha, weight, bias, "softsign", schedule)
    want = cpp_kernels.expand(x, steps.strongest(x, taps, k), alpha, weight, bias, "softsign", schedule)
    assert torch.equal(actual, want)
    statistics = random(pairs, seed=4), random(pairs, seed=5).abs(), 1e-3
    actual = cpp_kernels.select_expand(x, taps, k, alpha, weight, bias, "identity", schedule, statistics)
    folded = steps.affine(weight, bias, statistics)
    want = cpp_kernels.expand(x, steps.strongest(x, taps, k), alpha, *folded, "identity", schedule)
    torch.testing.assert_close(actual, want, rtol=1e-2, atol=1e-2)  # folded in float32, or in float64 for float64


@pytest.mark.compiler
@pytest.mark.parametrize("k", [1, 3, 9, 33])
def test_equal_scores_and_nan_are_chosen_as_by_topk(k: int) -> None:
    x = torch.randint(3, (4, 200, 1, 1), generator=torch.Generator().manual_seed(0)).float()
    x[1, 17], x[2, 5:9] = torch.nan, torch.nan
    taps, pairs = torch.ones(1), k * (k - 1) // 2
    parameters = torch.ones(1), torch.ones(pairs), torch.zeros(pairs)
    actual = cpp_kernels.select_expand(x, taps, k, *parameters, "identity", "")
    want = cpp_kernels.expand(x, x[:, :, 0, 0].topk(k).indices, *parameters, "identity", "")
    torch.testing.assert_close(actual, want, rtol=0, atol=0, equal_nan=True)


@pytest.mark.compiler
def test_the_kernel_refuses_what_it_cannot_read() -> None:
    x, one = random(1, 5, 3, 3), torch.ones(1)
    call = cpp_kernels.select_expand
    with pytest.raises(ValueError, match=r"taps has shape .*; expected an odd number"):
        call(x, torch.ones(4), 2, one, one, one, "tanh", "")
    with pytest.raises(ValueError, match=r"k is 6 and x has shape \[1, 5, 3, 3\]; expected 0 <= k <= C"):
        call(x, torch.ones(5), 6, one, one, one, "tanh", "")
    with pytest.raises(ValueError, match="weight has shape"):
        call(x, torch.ones(5), 3, one, one, one, "tanh", "")
    with pytest.raises(ValueError, match="no norm 'relu'"):
        call(x, torch.ones(5), 2, one, one, one, "relu", "")
