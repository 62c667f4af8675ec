"""The gate's level and its intervals' confidence, by going through every deal of the workers to the sides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import combinations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from opbench.gate.decision.screening import confirms
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import Verdict
from opbench.gate.decision.workers import StartWorkers
from opbench.gate.stats.compare import compare
from opbench.gate.stats.rank_test import Differences, dropped_pairs, holm, smallest_p
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import DEFAULT

VALUES = np.cumsum(0.1 + np.random.default_rng(1).random(2 * DEFAULT.workers))
"""Logarithms of workers, further apart than any tolerance; no two differences are alike."""


def deals(side: int) -> Iterator[NDArray[np.bool_]]:
    """Every way to make half of the workers head's."""
    for chosen in combinations(range(2 * side), side):
        head = np.zeros(2 * side, dtype=bool)
        head[list(chosen)] = True
        yield head


@lru_cache(maxsize=8)
def p_values(side: int) -> tuple[float, ...]:
    values = VALUES[: 2 * side]
    return tuple(Differences.of(values[~head], values[head]).p_slower for head in deals(side))


def measured(head: NDArray[np.bool_], values: NDArray[np.float64], rounds: int) -> Rounds:
    """What rounds have in common moves all of their workers."""
    return Rounds(values + np.linspace(-1, 1, rounds)[:, None], head)


def test_fresh_workers_of_the_same_code_are_wholly_apart_in_one_deal_of_924() -> None:
    rounds = [measured(head, VALUES[:12], DEFAULT.confirm_rounds) for head in deals(DEFAULT.least_confirming)]
    found = [compare(one, DEFAULT) for one in rounds]
    assert len(found) == 924
    assert sum(confirms(one, DEFAULT) for one in found) == 1
    assert min(one.p for one in found) == smallest_p(6, 6) == pytest.approx(1 / 924)


@pytest.mark.parametrize("side", [3, 5, 6])
def test_p_is_at_most_x_in_exactly_a_share_x_of_the_deals(side: int) -> None:
    found = Counter(p_values(side))
    below = 0
    for p in sorted(found):
        below += found[p]
        assert below / math.comb(2 * side, side) == pytest.approx(p, rel=1e-12)


def test_ties_only_make_p_larger() -> None:
    tied = np.round(VALUES[:10])
    assert len(set(tied)) < len(tied)
    found = np.array([Differences.of(tied[~head], tied[head]).p_slower for head in deals(5)])
    assert all((found <= x).mean() <= x + 1e-12 for x in found)


@pytest.mark.parametrize("side", [5, 6, 8])
def test_the_interval_misses_in_exactly_the_share_of_deals_that_its_confidence_leaves(side: int) -> None:
    values = VALUES[: 2 * side]
    covered = trials = 0
    for head in deals(side):
        low, high, attained = Differences.of(values[~head], values[head]).interval(0.99)
        covered += low <= 0 <= high
        trials += 1
    assert covered / trials == pytest.approx(attained, rel=1e-12)
    assert attained >= 0.99


def test_an_interval_narrower_by_one_pair_would_not_have_the_confidence() -> None:
    for side in (5, 6, 8):
        dropped, _ = dropped_pairs(side, side, 0.99)
        u = [int((VALUES[: 2 * side][head][:, None] > VALUES[: 2 * side][~head]).sum()) for head in deals(side)]
        assert 2 * np.mean(np.array(u) <= dropped + 1) > 0.01


@pytest.mark.parametrize("false_ones", [0, 1, 2])
@pytest.mark.parametrize("dependent", [False, True])
def test_holm_rejects_any_true_hypothesis_in_no_more_than_the_level_of_all_deals(
    false_ones: int, dependent: bool
) -> None:
    level, drawn = 0.1, p_values(3)
    pairs = list(zip(drawn, reversed(drawn), strict=True)) if dependent else list(product(drawn, drawn))
    wrong = sum(any(holm([*pair, *[0.0] * false_ones], level)[:2]) for pair in pairs)
    assert 0 < wrong / len(pairs) <= level


def test_holm_goes_on_where_bonferroni_stops() -> None:
    assert holm([0.012, 0.001, 0.5], 0.03) == [True, True, False]
    assert holm([0.02, 0.001, 0.5], 0.03) == [False, True, False]


def test_so_many_workers_confirm_that_all_suspects_together_stay_under_the_level() -> None:
    for suspects in range(1, 300):
        side = DEFAULT.fewest_confirming(suspects)
        assert suspects / math.comb(2 * side, side) <= DEFAULT.level
        least = side == DEFAULT.least_confirming
        assert least or suspects / math.comb(2 * side - 2, side - 1) > DEFAULT.level


def planted(confirming: NDArray[np.bool_]) -> StartWorkers:
    """Screening sees head far slower whatever is asked; the fresh workers are dealt as told."""

    class Planted:
        def measure(self, _benchmark: str, rounds: int, stage: str) -> Rounds:
            if stage == "confirm":
                return measured(confirming, VALUES[: len(confirming)], rounds)
            head = np.arange(2 * DEFAULT.workers) % 2 == 1
            return measured(head, head + 0.01 * VALUES[: len(head)], rounds)

        def widen(self, _per_side: int) -> None: ...

    @contextmanager
    def start(_per_side: int, _stage: str) -> Iterator[Planted]:
        yield Planted()

    return start


def test_a_screening_that_suspects_everything_leaves_the_level_as_it_is() -> None:
    verdicts = Counter(SequentialTest(planted(head), DEFAULT).run(["it"])[0].verdict for head in deals(6))
    assert verdicts.total() == 924
    assert verdicts[Verdict.REGRESSION] == 1
