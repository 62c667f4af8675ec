"""The ACH module in eval against its definition in float64, its ablations, and what it refuses."""

from __future__ import annotations

import copy
from unittest.mock import Mock

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard.functional import ach_expand
from impls.expansion.references import all_pairs, channel_scores, strongest
from impls.hadaptive.ach import ACH, use_backend
from impls.hadaptive.ach_parts.normalizers import NORMALIZERS, DynamicNorm
from impls.hadaptive.ach_parts.selection import LearnedSelection
from opbench.errors import UsageError

from .scenes import BACKENDS, drawn, mixed_by, random

SIZES = [(3, 7, 3, (5, 3)), (1, 13, 11, (1, 1)), (2, 2, 2, (7, 2))]
"""(B, C, k, spatial)."""


def definition(ach: ACH, x: Tensor) -> Tensor:
    """The whole module in eval."""
    mixed = mixed_by(ach, x)
    assert isinstance(ach.select, LearnedSelection)
    index = strongest(channel_scores(mixed, ach.select.scores.mix.weight), ach.k)
    return torch.cat([mixed, ach.norm(all_pairs(mixed, index))], dim=1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("norm", NORMALIZERS)
def test_eval_is_the_definition_whatever_the_backend_and_norm(backend: str, norm: str) -> None:
    for batch, channels, k, spatial in SIZES:
        ach = drawn(ACH(channels, k, norm=norm, backend=backend).double())
        x = random(batch, channels, *spatial, dtype=torch.float64)
        got = ach(x)
        assert got.is_contiguous()
        assert got.shape == (batch, ach.out_channels, *spatial)
        torch.testing.assert_close(got, definition(ach, x), rtol=1e-12, atol=1e-12)


@pytest.mark.compiler
@pytest.mark.parametrize("schedule", ["direct", "balanced", "blocked", "flat"])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_every_schedule_serves_the_papers_two_in_separate_steps(schedule: str, training: bool) -> None:
    ach = drawn(ACH(7, 5, backend=f"cpp_ext:{schedule}")).train(training)
    other = copy.deepcopy(ach)
    use_backend(other, "torch_eager")
    x = random(2, 7, 5, 3)
    torch.manual_seed(1)
    got = ach(x)
    torch.manual_seed(1)
    torch.testing.assert_close(got, other(x))


@pytest.mark.usefixtures("simulated")
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here: the kernels run on it")
def test_a_backend_for_a_gpu_serves_too() -> None:
    pytest.importorskip("triton", reason="triton is not installed")
    ach, x = drawn(ACH(3, 2, backend="triton_jit")), random(1, 3, 1, 2)
    torch.testing.assert_close(ach(x), definition(ach, x))


@pytest.mark.parametrize(("norm", "fused"), [("dysoft", 1), ("dysig", 1), ("dyalge", 1), ("dyt", 1), ("bn", 0)])
def test_eval_is_one_pass_where_the_norm_has_one(norm: str, fused: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one_pass = Mock(wraps=ach_expand)
    monkeypatch.setattr("impls.hadaptive.ach.ach_expand", one_pass)
    drawn(ACH(5, 3, norm=norm, backend="torch_eager"))(random(2, 5, 3, 3))
    assert one_pass.call_count == fused


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({"pointwise": False}, {"mix.0.weight", "mix.0.bias"}),
        ({"selection": "fixed"}, {"select.scores.mix.weight"}),
        ({"selection": "random"}, {"select.scores.mix.weight"}),
        ({"norm": "bn"}, {"norm.alpha"}),
    ],
    ids=lambda value: "-".join(sorted(map(str, value))),
)
def test_an_ablation_lacks_what_it_ablates_and_trains(changed: dict[str, object], gone: set[str]) -> None:
    full = {name for name, _ in ACH(5, 3).named_parameters()}
    ach = ACH(5, 3, backend="torch_eager", **changed)  # type: ignore[arg-type]  # of several types
    assert {name for name, _ in ach.named_parameters()} == full - gone
    x = random(3, 5, 3, 1)
    ach(x).square().sum().backward()
    assert all(one.grad is not None for one in ach.parameters())
    assert ach.eval()(x).shape == (3, 8, 3, 1)


def test_autocast_gives_half_precision_and_gradients_in_float32() -> None:
    ach = ACH(5, 3, backend="torch_eager")
    for training in (True, False):
        with torch.autocast("cpu", torch.bfloat16):
            y = ach.train(training)(random(2, 5, 3, 3))
        assert y.dtype == torch.bfloat16 or not training
        y.float().square().sum().backward()
        assert all(one.grad is not None and one.grad.dtype == torch.float32 for one in ach.parameters() if training)


def test_an_empty_batch_is_an_empty_result() -> None:
    assert drawn(ACH(5, 3, backend="torch_eager"))(random(0, 5, 3, 3)).shape == (0, 8, 3, 3)


def test_copies_and_state_dicts_give_the_same_results() -> None:
    ach, x = drawn(ACH(5, 3, backend="torch_eager")), random(2, 5, 3, 3)
    other = ACH(5, 3, backend="torch_eager").eval()
    other.load_state_dict(ach.state_dict())
    assert torch.equal(ach(x), other(x))
    assert torch.equal(ach(x), copy.deepcopy(ach)(x))


@pytest.mark.parametrize("norm", ["dysoft", "bn"])
def test_eval_is_one_graph_under_compile(norm: str) -> None:
    ach, x = drawn(ACH(5, 3, norm=norm, backend="torch_eager")), random(2, 5, 3, 3)
    torch._dynamo.reset()
    compiled = torch.compile(ach, backend="aot_eager", fullgraph=True, dynamic=False)
    torch.testing.assert_close(compiled(x), ach(x))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"k": 8}, "cannot select k = 8 of 7 channels"),
        ({"k": 1}, "k = 1 selected channels do not make pairs"),
        ({"k": 3, "norm": "softsign"}, "no norm 'softsign' of ACH.*there are: bn, dyalge, dysig, dysoft, dyt"),
        ({"k": 3, "selection": "eca"}, "no selection 'eca'.*there are: fixed, learned, random"),
        ({"k": 3, "backend": "tritn"}, "no backend 'tritn'.*triton_jit"),
        ({"k": 3, "rate": 2.0}, "temperature rate is 2.0"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ACH(7, **arguments)  # type: ignore[arg-type]  # of several types


@pytest.mark.parametrize("shape", [(2, 6, 3, 3), (2, 7, 3), (7,)], ids=str)
def test_an_input_of_other_channels_names_both(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"x has shape \(.*\); this ACH takes \(B, 7, H, W\)"):
        ACH(7, 3)(torch.empty(shape))


def test_a_backend_that_does_not_exist_cannot_be_switched_to() -> None:
    ach = ACH(7, 3, backend="torch_eager")
    with pytest.raises(UsageError, match="no backend 'fast'"):
        use_backend(ach, "fast")
    assert ach.backend == "torch_eager"


def test_the_dynamic_norms_are_those_the_fused_form_takes() -> None:
    assert {name for name in NORMALIZERS if isinstance(ACH(5, 3, norm=name).norm, DynamicNorm)} == {*NORMALIZERS} - {
        "bn"
    }
