"""What the rule says of figures that stand exactly at one of its limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.gate.decision.screening import (
    EARLY,
    ScreenResult,
    confirms,
    may_be_faster,
    passes_early,
    screen,
    workers_to_confirm,
)
from opbench.gate.stats.bimodality import SlowMode
from opbench.gate.stats.compare import Comparison
from opbench.gate.stats.power import confirmable_slowdown
from opbench.gate.stats.rule import DEFAULT, Rule

FOUND = Comparison(
    ratio=1.0,
    low=0.99,
    high=1.01,
    confidence=0.99,
    p=0.5,
    faster_p=0.5,
    spread=0.01,
    detectable=0.05,
    modes=None,
    workers=12,
    rounds=4,
    settled=True,
)
RULE = Rule(tolerance=0.5)
"""Binary fractions: 1.5 is what it says."""

LIMIT = 1.5


@pytest.mark.parametrize(
    ("low", "ratio", "high", "seen"),
    [
        (1.25, 2.0, 3.0, ScreenResult.SLOWER),
        (1.0, 2.0, 3.0, ScreenResult.OPEN),  # not surely slower
        (1.25, LIMIT, 3.0, ScreenResult.OPEN),  # not by more than the tolerance
        (1.25, LIMIT, LIMIT, ScreenResult.OPEN),
        (0.5, 1.0, LIMIT, ScreenResult.OPEN),  # the interval must lie below the tolerance, not reach it
        (0.5, 1.0, 1.4375, ScreenResult.PASS),
        (0.25, 0.5, 0.75, ScreenResult.FASTER),
        (0.25, 0.5, 1.0, ScreenResult.PASS),  # not surely faster
        (0.25, 1 / LIMIT, 0.75, ScreenResult.PASS),  # faster, and not by more than the tolerance
    ],
)
def test_a_claim_is_above_the_limit_and_a_pass_below_it(
    low: float, ratio: float, high: float, seen: ScreenResult
) -> None:
    assert screen(replace(FOUND, low=low, ratio=ratio, high=high), RULE) is seen


@pytest.mark.parametrize(
    ("low", "ratio", "high", "early"),
    [
        (0.75, 1.0, 1.375, True),
        (0.75, 1.0, 1 + EARLY * 0.5, False),  # the interval must lie below the share of the tolerance, not reach it
        (1.0625, 1.25, 1.375, True),  # surely slower by less
        (1 / LIMIT, 0.75, 0.9375, False),  # it may be faster by more than the tolerance
        (0.25, 0.5, 0.75, False),
    ],
)
def test_between_looks_passes_what_lies_within_a_share_of_the_tolerance_and_claims_nothing(
    low: float, ratio: float, high: float, early: bool
) -> None:
    found = replace(FOUND, low=low, ratio=ratio, high=high)
    assert passes_early(found, RULE) is early
    assert not early or screen(found, RULE) is ScreenResult.PASS
    assert not passes_early(of_head_alone(found), RULE)


def of_head_alone(found: Comparison) -> Comparison:
    return replace(found, modes=SlowMode(base=0, head=2, workers=24, factor=2.0))


def test_a_slow_group_on_head_alone_is_neither_a_pass_nor_an_improvement() -> None:
    assert screen(of_head_alone(FOUND), RULE) is ScreenResult.OPEN
    assert screen(of_head_alone(replace(FOUND, low=0.25, ratio=0.5, high=0.75)), RULE) is ScreenResult.OPEN
    assert screen(of_head_alone(replace(FOUND, low=1.25, ratio=2.0, high=3.0)), RULE) is ScreenResult.SLOWER


@pytest.mark.parametrize(
    ("ratio", "high", "hopeful"),
    [(0.5, 1.5, True), (1 / LIMIT, 1.5, False), (0.5, 0.75, False), (0.5, 1.0, True), (2.0, 3.0, False)],
)
def test_more_rounds_may_show_an_improvement_that_is_large_enough_and_not_sure(
    ratio: float, high: float, hopeful: bool
) -> None:
    assert may_be_faster(replace(FOUND, ratio=ratio, low=0.25, high=high), RULE) is hopeful


@pytest.mark.parametrize(
    ("p", "ratio", "confirmed"),
    [
        (DEFAULT.strict, 2.0, True),
        (DEFAULT.strict * (1 + 1e-12), 2.0, True),  # the same p by another order of operations
        (DEFAULT.strict * (1 + 1e-6), 2.0, False),
        (DEFAULT.strict, LIMIT, False),
        (DEFAULT.strict / 2, 1.53125, True),
    ],
)
def test_confirmed_is_beyond_chance_and_beyond_the_tolerance(p: float, ratio: float, confirmed: bool) -> None:
    assert confirms(replace(FOUND, p=p, ratio=ratio), RULE) is confirmed


@pytest.mark.parametrize("suspects", [1, 2, 9, 10, 40, 1000])
def test_the_fewest_workers_whose_separation_confirms_among_so_many_suspects(suspects: int) -> None:
    from opbench.gate.stats.rank_test import smallest_p

    side = DEFAULT.fewest_confirming(suspects)
    wanted = min(DEFAULT.strict, DEFAULT.level / suspects)
    assert smallest_p(side, side) <= wanted
    assert side == DEFAULT.least_confirming or smallest_p(side - 1, side - 1) > wanted


@pytest.mark.parametrize("slowdown", [0.04, 0.05, 0.08, 0.2])
def test_a_screening_is_resolved_by_the_fewest_workers_that_would_confirm_it(slowdown: float) -> None:
    seen = replace(FOUND, ratio=1 + slowdown, low=1 + slowdown)
    side = workers_to_confirm(seen, DEFAULT)
    least, most = DEFAULT.least_confirming, DEFAULT.most_confirming
    assert least <= side <= most
    if side > least:
        assert confirmable_slowdown(seen.spread, DEFAULT.tolerance, side - 1, DEFAULT.strict) > slowdown
    if side < most:
        assert confirmable_slowdown(seen.spread, DEFAULT.tolerance, side, DEFAULT.strict) <= slowdown


def test_only_what_is_claimed_is_a_suspect() -> None:
    assert [one for one in ScreenResult if one.suspect] == [ScreenResult.SLOWER, ScreenResult.FASTER]
