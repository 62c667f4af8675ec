"""Known channels carry the label, and only they: the selection has to come to them, and annealing to have decided."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts.selection import LearnedSelection, gumbel
from impls.hadaptive.search.annealing import SCHEDULES, temperature
from impls.hadaptive.temperature import HOTTEST, adapt_temperatures

CHANNELS, BATCH = 7, 64
PATTERN = torch.tensor([[1.0, -1, 1], [-1, 1, -1], [1, -1, 0]])
"""Its mean is 0, and so is a channel's: what is chosen is not told by the image, and has to be learned."""


def signs_and_maps(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(count, CHANNELS) of -1 and 1, and (count, CHANNELS, 3, 3): the pattern times the sign, with noise."""
    signs = torch.randint(2, (count, CHANNELS), generator=generator) * 2.0 - 1
    noise = 0.3 * torch.randn(count, CHANNELS, 3, 3, generator=generator)
    return signs, signs[:, :, None, None] * PATTERN + noise


PAIR = (2, 5)
FROZEN = "frozen"
WAYS = (0.01, 0.005, *SCHEDULES, FROZEN)
"""Algorithm 1 by its rate in print and in the published code; the search's curves; and none."""


class Learned(NamedTuple):
    """found: share of test samples for which exactly the pair is chosen. accuracy: of the network on them."""

    found: float
    accuracy: float


def after_training(way: float | str, steps: int = 160) -> Learned:
    """The label is the sign of the pair's product, and the network sees one product, of the two that ACH chooses."""
    torch.manual_seed(0)
    rate = way if isinstance(way, float) else 0.01
    ach = ACH(CHANNELS, 2, pointwise=False, backend="torch_eager", rate=rate)
    readout = nn.Linear(1, 1)
    optimizer = torch.optim.Adam([*ach.parameters(), *readout.parameters()], 0.03)
    generator = torch.Generator().manual_seed(0)

    def scored(maps: Tensor) -> Tensor:
        product: Tensor = readout(ach(maps)[:, CHANNELS:].mean((2, 3)))
        return product[:, 0]

    assert isinstance(ach.select, LearnedSelection)
    for step in range(steps):
        signs, maps = signs_and_maps(BATCH, generator)
        if isinstance(way, str) and way != FROZEN:
            ach.select.temperature.tau.fill_(temperature(way, step, steps))
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(scored(maps), labels(signs)).backward()  # type: ignore[no-untyped-call]
        if isinstance(way, float):
            adapt_temperatures(ach)
        optimizer.step()
    signs, maps = signs_and_maps(400, generator)
    with torch.no_grad():
        ach.eval()
        index = ach.select(ach.mix(maps)).index.sort(1).values
        right = (scored(maps) > 0) == (labels(signs) > 0)
    return Learned(float((index == torch.tensor(PAIR)).all(1).float().mean()), float(right.float().mean()))


def labels(signs: Tensor) -> Tensor:
    return (signs[:, PAIR[0]] * signs[:, PAIR[1]] > 0).float()


@pytest.mark.parametrize("way", WAYS)
def test_the_two_channels_whose_product_is_the_label_come_to_be_chosen(way: float | str) -> None:
    learned = after_training(way)
    assert learned.found > 0.95  # by chance 1 of 21 pairs
    assert learned.accuracy > 0.95


PLANTED = 4


class Softmax(NamedTuple):
    """Of draws after training: how often the planted channel is first, and the means of M there and at its highest."""

    first: float
    planted: float
    highest: float


@lru_cache
def after_annealing(schedule: str, seed: int, steps: int = 60) -> Softmax:
    """One channel is chosen, and the label is the sign that it carries."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    norm, selection, scale = nn.BatchNorm2d(CHANNELS), LearnedSelection(1, 0.01), nn.Parameter(torch.ones(()))
    optimizer = torch.optim.Adam([*norm.parameters(), *selection.parameters(), scale], 0.02)
    for step in range(steps):
        if schedule != FROZEN:
            selection.temperature.tau.fill_(temperature(schedule, step, steps))
        signs, maps = signs_and_maps(BATCH, generator)
        maps = norm(maps)
        choice = selection(maps)
        assert choice.gate is not None
        chosen = maps[torch.arange(BATCH), choice.index[:, 0]] * choice.gate[:, :, None]
        score = scale * (chosen * PATTERN).mean((1, 2))
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(score, (signs[:, PLANTED] > 0).float())
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        noisy = selection.scores(maps) + gumbel(selection.scores(maps))
        soft = selection.temperature(noisy).softmax(1)
    highest = soft.max(1)
    first = float((highest.indices == PLANTED).float().mean())
    return Softmax(first, float(soft[:, PLANTED].mean()), float(highest.values.mean()))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_annealing_ends_at_one_hot_choices_of_the_planted_channel(schedule: str, seed: int) -> None:
    after = after_annealing(schedule, seed)
    assert after.first > 0.98
    assert after.planted > 0.98


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_temperature_that_stays_high_chooses_the_planted_channel_and_is_not_one_hot(seed: int) -> None:
    """It only says how soft M is, which is what the gradient sees; who is chosen, it does not say."""
    after = after_annealing(FROZEN, seed)
    assert HOTTEST == 4.0
    assert after.first > 0.98
    assert after.highest < 0.8
