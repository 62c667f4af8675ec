"""The search: it finds what is better, moves only what it should, and repeats to the bit."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impls.hadaptive.search import checkpoint
from impls.hadaptive.search.annealing import SCHEDULES
from impls.hadaptive.search.gdas import Search
from impls.hadaptive.search.mixed import undecided
from impls.hadaptive.search.supernet import SuperNet
from opbench.errors import UsageError

from .toys import PLANTED, SPACE, Noise, images, planted, points, search, watched


def finished(made: Search) -> Search:
    for _ in made.run():
        pass
    return made


def supernet() -> SuperNet:
    return SuperNet(SPACE, num_classes=3, in_chans=1, backend="torch_eager")


@pytest.mark.parametrize(("seed", "schedule"), list(enumerate(SCHEDULES)))
def test_the_one_candidate_that_lets_anything_through_is_found(seed: int, schedule: str) -> None:
    rates: dict[str, Any] = {"weight_rate": 0.02, "logit_rate": 0.02}
    made = finished(search(count=512, epochs=15, batch=32, annealing=schedule, seed=seed, **rates))
    (layer,) = undecided(made.model)
    assert layer.best == PLANTED
    assert layer.confidence[PLANTED] > 0.8
    assert made.accuracy(points(101, 3)) > 0.9


def test_a_candidate_that_ruins_its_input_is_avoided_in_a_supernet() -> None:
    def spoilt() -> SuperNet:
        made = supernet()
        first, _, last = undecided(made)
        first.candidates[0] = Noise()
        last.candidates[1] = Noise()
        return made

    made = finished(search(spoilt, data=images, epochs=30))
    first, _, last = undecided(made.model)
    assert first.confidence[0] < 0.1
    assert last.confidence[1] < 0.1


def moved(made: Search, step: Callable[[Tensor, Tensor], Tensor]) -> tuple[set[str], list[str]]:
    """Names of the parameters that one step changes, and of the candidates that it ran."""
    before = copy.deepcopy(made.model.state_dict())
    names = {one: name for name, one in made.model.named_modules()}
    some = [made.train[at] for at in range(16)]
    made.model.train()
    with watched(made.model) as ran:
        step(torch.stack([x for x, _ in some]), torch.tensor([one for _, one in some]))
    after = dict(made.model.named_parameters())
    return {name for name in after if not torch.equal(before[name], after[name])}, [names[one] for one in ran]


def test_a_step_of_the_weights_moves_what_was_drawn_and_nothing_else() -> None:
    """With weight decay, and with momentum from steps before: a candidate that rests must not drift."""
    made = search(supernet, data=images, weight_decay=0.1)
    for _ in range(6):
        names, ran = moved(made, made._weights_step)
        assert not any("logits" in one for one in names)
        candidates = {one for one in names if ".candidates." in one}
        assert candidates
        assert all(one.startswith(tuple(f"{path}." for path in ran)) for one in candidates)
        assert "body.0.0.weight" in names


def test_a_step_of_the_logits_moves_logits_alone_and_computes_nothing_for_weights() -> None:
    made = search(supernet, data=images)
    names, _ = moved(made, made._logits_step)
    assert names
    assert all(one.endswith(".logits") for one in names)
    assert all(one.grad is None for name, one in made.model.named_parameters() if "logits" not in name)


def test_weights_learn_on_one_half_and_logits_on_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made = search(epochs=1)
    seen: dict[str, list[Tensor]] = {"_weights_step": [], "_logits_step": []}
    for name, kept in seen.items():
        step = getattr(made, name)
        monkeypatch.setattr(made, name, lambda x, y, kept=kept, step=step: (kept.append(x), step(x, y))[1])
    finished(made)
    for kept, half in zip(seen.values(), (made.train, made.validation), strict=True):
        assert len(kept) == 4
        known = {tuple(half[at][0].tolist()) for at in range(70)}
        shown = [tuple(one.tolist()) for one in torch.cat(kept)]
        assert len(set(shown)) == 64
        assert len(set(shown) - known) <= (5 if half is made.validation else 0)  # 75 there, 70 looked at


def test_gradients_of_the_logits_are_cut_to_the_norm_and_those_of_the_weights_are_not() -> None:
    class Loud(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 1000 * x

    made = search(lambda: nn.Sequential(*planted(), Loud()), clip=0.25)
    some = points(16, 5)
    highest = []
    for step, parameters in ((made._weights_step, made._weights), (made._logits_step, made._logits)):
        norms = []
        for _ in range(8):
            step(some.x, torch.tensor(some.classes))
            norms.append(math.hypot(*(float(one.grad.norm()) for one in parameters if one.grad is not None)))
        highest.append(max(norms))
    assert highest[0] > 100
    assert highest[1] == pytest.approx(0.25, rel=1e-3)


def test_a_step_of_the_logits_leaves_statistics_and_temperatures_as_they_were() -> None:
    made = search(supernet, data=images)
    some = images(16, 5)
    made._weights_step(some.x, torch.tensor(some.classes))
    before = {name: one.clone() for name, one in made.model.state_dict().items()}
    made._logits_step(some.x, torch.tensor(some.classes))
    after = made.model.state_dict()
    assert [name for name in after if not torch.equal(before[name], after[name])] == [
        name for name in after if name.endswith(".logits")
    ]


def test_logits_wait_for_a_third_of_the_epochs_in_which_candidates_are_drawn_alike() -> None:
    made = search(epochs=6)
    confidences = [epoch.confidences for epoch in made.run()]
    assert confidences[:2] == [[[0.25] * 4]] * 2
    assert all(max(layer) > 0.25 for (layer,) in confidences[2:])
    assert all(math.fsum(layer) == pytest.approx(1) for (layer,) in confidences)


def test_temperature_falls_along_its_schedule_and_the_rate_along_a_cosine() -> None:
    taus: list[float] = []
    made = search(epochs=3, annealing="linear", weight_rate=0.01)
    layer = next(undecided(made.model))
    layer.register_forward_hook(lambda *_: taus.append(layer.tau))
    history = list(made.run())
    assert [one.temperature for one in history] == pytest.approx([4.0, 2.7, 1.4])
    assert [one.weight_rate for one in history] == pytest.approx([0.01, 0.0075, 0.0025])
    assert [one.number for one in history] == [1, 2, 3]
    assert sorted(set(taus), reverse=True) == pytest.approx([4.0, 2.7, 1.4])
    assert len(taus) == 3 * 4 * 2


def same(one: Search, other: Search) -> bool:
    there, here = one.model.state_dict(), other.model.state_dict()
    return one.history == other.history and all(torch.equal(there[name], here[name]) for name in here)


def test_a_seed_repeats_to_the_bit_and_another_does_not() -> None:
    first = finished(search(supernet, data=images, seed=3))
    torch.manual_seed(17)  # of no consequence
    assert same(first, finished(search(supernet, data=images, seed=3)))
    assert not same(first, finished(search(supernet, data=images, seed=4)))


def test_a_search_leaves_the_global_generator_as_it_was() -> None:
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    finished(search(epochs=1))
    assert torch.equal(torch.rand(3), want)


def test_a_resumed_search_ends_as_one_that_was_not_interrupted(tmp_path: Path) -> None:
    whole = finished(search(supernet, data=images, epochs=3))
    first = search(supernet, data=images, epochs=3)
    next(first.run())
    checkpoint.save(first, tmp_path / "c.pt", {"space": "toy"})
    second = search(supernet, data=images, epochs=3)
    checkpoint.resume(second, tmp_path / "c.pt", {"space": "toy"})
    assert len(second.history) == 1
    torch.rand(7)
    assert same(finished(second), whole)


def test_progress_is_told_every_step() -> None:
    told: list[tuple[int, int, int]] = []
    for _ in search(epochs=2).run(lambda *at: told.append(at)):
        pass
    assert told == [(epoch, step, 4) for epoch in (1, 2) for step in (1, 2, 3, 4)]


def test_a_model_without_a_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to search: no layer of the model has more than one candidate"):
        search(lambda: nn.Linear(5, 2))


def test_a_loss_that_is_not_finite_names_the_epoch_and_what_to_change() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * math.inf

    made = search(lambda: nn.Sequential(*planted(), Broken()))
    with pytest.raises(
        UsageError, match=r"losses became .* in epoch 1; expected finite ones: search with a weight_rate"
    ):
        next(made.run())


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"epochs": 0}, "epochs is 0; expected a whole number of at least 1"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"batch": 1}, "batch is 1; expected a whole number of at least 2"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1 << 32}, "expected below 2\\^32"),
        ({"weight_rate": 0.0}, "weight_rate is 0.0; expected above 0, in the paper 0.003"),
        ({"logit_rate": math.nan}, "logit_rate is nan; expected above 0, in the paper 0.0003"),
        ({"clip": math.inf}, "clip is inf"),
        ({"weight_clip": 0.0}, "weight_clip is 0.0; expected above 0, or None as in the paper"),
        ({"logits_mode": "evaluate"}, "no mode of the logits' steps 'evaluate'.*there are: eval, train"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1; expected at least 0"),
        ({"annealing": "step"}, "no annealing schedule 'step'.*there are: cosine, exponential, linear"),
    ],
)
def test_settings_outside_their_range_are_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        search(**changed)
