"""Masks: trained together is trained apart, gates are where they are said to be, useless inputs are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impls.fusion import mask, masks, stacked
from impls.fusion.mask_tasks import TASKS, few_of_many

pytest.importorskip("sklearn", reason="scikit-learn is not installed")


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def test_a_model_learns_the_same_beside_others_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask, "PENALTIES", (1e-3, 1e-2))
    together = {each.seed: each for results in mask.trained(few_of_many((3, 5)), (3, 5), 3) for each in results}
    by_itself = [each for results in mask.trained(few_of_many((5,)), (5,), 3) for each in results][-1]
    assert together[5].variant == by_itself.variant
    assert torch.allclose(torch.tensor(together[5].norms), torch.tensor(by_itself.norms), atol=1e-5)


def test_every_variant_begins_as_the_classifier_without_a_mask() -> None:
    x = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    plain = masks.logits(stacked.initial(masks.shapes(7, 3, None), (0, 1)), x)
    for name in ("mask", "hidden_mask", "shift"):
        parameters = stacked.initial(masks.shapes(7, 3, name), (0, 1))
        assert stacked.count(masks.shapes(7, 3, name)) == stacked.count(masks.shapes(7, 3, None)) + 7
        assert torch.allclose(masks.logits(parameters, x), plain, atol=1e-6)


def test_a_mask_multiplies_its_own_input_and_no_other() -> None:
    parameters = stacked.initial(masks.shapes(5, 3, "mask"), (0,))
    parameters["mask"][0, 1] = -1e4
    x = torch.ones(1, 1, 5)
    moved = x.clone()
    moved[0, 0, 1] = 7.0
    assert torch.equal(masks.logits(parameters, x), masks.logits(parameters, moved))
    moved[0, 0, 3] = 7.0
    assert not torch.equal(masks.logits(parameters, x), masks.logits(parameters, moved))
    fixed = torch.tensor([[1.0, 0.0, 1.0, 1.0, 1.0]])
    plain = stacked.initial(masks.shapes(5, 3, None), (0,))
    assert torch.allclose(masks.logits(plain, x, fixed), masks.logits(parameters, x), atol=1e-6)


@pytest.mark.parametrize("name", ["beside_another", "few_of_many"])
def test_inputs_that_are_called_useless_change_no_label_and_others_do(name: str) -> None:
    task = TASKS[name]((0, 1))
    assert task.useful is not None
    part = task.parts.training
    for seed in (0, 1):
        useful = part.x[seed][:, task.useful[seed]]
        assert useful.shape[1] == {"beside_another": 64, "few_of_many": 8}[name]
        near, far = (_agreement(chosen, part.y[seed]) for chosen in (useful, part.x[seed][:, ~task.useful[seed]]))
        assert far < 0.35 < near


def _agreement(x: Tensor, y: Tensor) -> float:
    """How often the nearest other image has the same label."""
    distances = torch.cdist(x, x).fill_diagonal_(torch.inf)
    return float((y[distances.argmin(1)] == y).float().mean())


def test_a_share_that_is_found_is_of_the_highest() -> None:
    useful = [True, False, True, False, False]
    assert mask.found_share([0.9, 0.1, 0.8, 0.2, 0.3], useful) == 1
    assert mask.found_share([0.9, 0.85, 0.8, 0.2, 0.3], useful) == 0.5
    assert mask.found_share([0.0, 0.1, 0.05, 0.2, 0.3], useful) == 0


def test_permuted_gates_are_the_learned_ones_at_other_places(tmp_path: Path) -> None:
    assert mask.main(["--tasks", "few_of_many", "--seeds", "0", "--steps", "3", "--records", str(tmp_path / "m")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "m").read_text(encoding="utf-8").splitlines()]
    gates = {line["variant"]: line["gates"] for line in lines}
    assert sorted(gates["permuted"]) == sorted(gates["penalised"]) != gates["permuted"]
    assert set(gates["none"]) == {1.0}
    assert max(gates["random"]) <= 2


def test_what_means_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert mask.main(["--steps", "0"]) == 2
    assert mask.main(["--tasks", "digit"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "mask: --steps is 0; expected at least 1"
    assert told[1].startswith("mask: no task 'digit' (did you mean 'digits'?)")
