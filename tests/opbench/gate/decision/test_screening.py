"""Comparing, screening and confirming, on workers whose values are written down."""

from __future__ import annotations

import math

import numpy as np
import pytest

from opbench.gate.decision.screening import ScreenResult, confirms, screen, workers_to_confirm
from opbench.gate.stats.compare import Comparison, compare
from opbench.gate.stats.power import detectable_slowdown
from opbench.gate.stats.rank_test import critical_pairs
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import DEFAULT, Rule

from ..scripted_workers import sides, steady, uneven


def of(ratio: float, spread: float = 0.001, workers: int = 6) -> Comparison:
    return compare(steady(ratio, spread)("screen", 3, workers), DEFAULT)


@pytest.mark.parametrize("ratio", [0.5, 0.97, 1.0, 1.031, 2.6])
def test_the_ratio_is_head_over_base_and_lies_in_its_interval(ratio: float) -> None:
    comparison = of(ratio)
    assert comparison.ratio == pytest.approx(ratio)
    assert comparison.low < ratio < comparison.high


def test_five_a_side_attain_the_confidence_asked_and_four_say_what_they_attain() -> None:
    assert of(1.0, workers=5).confidence == pytest.approx(1 - 2 / 252)
    assert of(1.0, workers=4).confidence == pytest.approx(1 - 2 / 70)


@pytest.mark.parametrize(
    ("ratio", "spread", "seen"),
    [
        (1.0, 0.001, ScreenResult.PASS),
        (0.5, 0.05, ScreenResult.FASTER),
        (0.96, 0.001, ScreenResult.FASTER),
        (0.98, 0.001, ScreenResult.PASS),  # faster by less than the tolerance: nothing to claim
        (0.96, 0.03, ScreenResult.OPEN),
        (1.05, 0.001, ScreenResult.SLOWER),
        (1.02, 0.001, ScreenResult.PASS),
        (1.03, 0.002, ScreenResult.OPEN),  # at the tolerance, on neither side for sure
        (1.0, 0.05, ScreenResult.OPEN),
        (1.05, 0.05, ScreenResult.OPEN),  # above the tolerance, not surely slower
    ],
)
def test_suspect_is_surely_slower_or_faster_and_pass_is_surely_within_the_tolerance(
    ratio: float, spread: float, seen: ScreenResult
) -> None:
    assert screen(of(ratio, spread), DEFAULT) is seen


@pytest.mark.parametrize(
    ("base", "head", "ratio", "seen"),
    [
        (0, 1, 1.0, ScreenResult.OPEN),
        (0, 3, 1.0, ScreenResult.OPEN),
        (0, 3, 0.9, ScreenResult.OPEN),  # most of it is faster
        (0, 1, 1.05, ScreenResult.SLOWER),
        (1, 1, 1.0, ScreenResult.PASS),
        (3, 3, 1.0, ScreenResult.PASS),
        (1, 0, 1.0, ScreenResult.PASS),
    ],
)
def test_what_is_slow_in_some_of_heads_workers_alone_is_neither_a_pass_nor_faster(
    base: int, head: int, ratio: float, seen: ScreenResult
) -> None:
    assert screen(compare(uneven(base, head, ratio)("screen", 3, 20), DEFAULT), DEFAULT) is seen


def test_confirmed_is_slower_beyond_chance_and_beyond_the_tolerance() -> None:
    assert confirms(of(1.05, workers=6), DEFAULT)
    assert not confirms(of(1.029, workers=6), DEFAULT)
    assert not confirms(of(1.05, spread=0.02, workers=6), DEFAULT)


def test_faster_is_what_would_be_slower_from_the_other_side() -> None:
    for ratio in (0.9, 1.0, 1.02, 1.3):
        comparison, other = of(ratio).inverted, of(1 / ratio)
        assert (comparison.ratio, comparison.low, comparison.high) == pytest.approx(
            (other.ratio, other.low, other.high)
        )
        assert (comparison.p, comparison.faster_p) == (other.p, other.faster_p)


@pytest.mark.parametrize(("side", "pairs"), [(6, 0), (7, 1), (10, 11)])
def test_so_many_pairs_may_overlap_and_no_more(side: int, pairs: int) -> None:
    """Six a side must be wholly apart; of more, exactly as many may overlap as leave p at 1 in 924."""
    assert side * side - critical_pairs(side, side, DEFAULT.strict) == pairs
    assert confirms(overlapping(side, pairs), DEFAULT)
    assert not confirms(overlapping(side, pairs + 1), DEFAULT)


def overlapping(side: int, pairs: int) -> Comparison:
    """Head's workers rise in steps; two of base lie between them, above so many of head's in all."""
    head, values = sides(side), np.zeros(2 * side)
    values[head] = 0.1 + 0.001 * np.arange(side)
    above = min(pairs, side), max(0, pairs - side)
    values[[0, 2]] = [0.0995 + 0.001 * count if count else 0.0 for count in above]
    return compare(Rounds(np.tile(values, (3, 1)), head), DEFAULT)


@pytest.mark.parametrize("spread", [0.001, 0.01, 0.02])
def test_more_is_asked_to_confirm_what_stands_out_less(spread: float) -> None:
    sizes = [workers_to_confirm(of(ratio, spread, workers=10), DEFAULT) for ratio in (2.0, 1.2, 1.1, 1.06, 1.031)]
    assert sizes == sorted(sizes)
    assert sizes[0] == DEFAULT.least_confirming
    assert sizes[-1] == DEFAULT.most_confirming


def test_rounds_help_only_while_their_noise_matters() -> None:
    head, random = sides(6), np.random.default_rng(1)
    workers = random.normal(scale=0.01, size=12)
    for noise, settled in ((0.0005, True), (0.05, False)):
        logs = workers + random.normal(scale=noise, size=(6, 12)) + np.arange(6)[:, None]
        assert compare(Rounds(logs, head), DEFAULT).settled is settled


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        compare(Rounds(np.full((2, 4), np.nan), sides(2)), DEFAULT)


def test_the_confirmation_grows_with_the_suspects_so_that_its_level_holds() -> None:
    for suspects in range(1, 60):
        side = DEFAULT.fewest_confirming(suspects)
        assert suspects / math.comb(2 * side, side) <= DEFAULT.level
        assert side == 6 or suspects / math.comb(2 * side - 2, side - 1) > DEFAULT.level


@pytest.mark.parametrize("spread", [0.002, 0.006, 0.02])
@pytest.mark.parametrize("tolerance", [0.015, 0.03])
def test_the_detectable_slowdown_is_the_one_confirmed_nine_times_in_ten(spread: float, tolerance: float) -> None:
    rule, random, runs = Rule(tolerance=tolerance), np.random.default_rng(5), 400
    slowdown = math.log1p(detectable_slowdown(spread, rule.widened, rule))

    def compared(workers: int) -> Comparison:
        head = sides(workers)
        values = random.normal(scale=spread, size=2 * workers) + slowdown * head
        return compare(Rounds(np.tile(values, (2, 1)), head), rule)

    confirmed = sum(
        screen(compared(rule.widened), rule) is ScreenResult.SLOWER and confirms(compared(rule.most_confirming), rule)
        for _ in range(runs)
    )
    assert confirmed / runs == pytest.approx(0.9, abs=0.05)
