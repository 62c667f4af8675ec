"""What is made of fresh workers, from comparisons that are written down: verdict and sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opbench.gate.decision.conclusion import conclude, conclude_unconfirmed, open_reason, pass_reason
from opbench.gate.decision.screening import ScreenResult
from opbench.gate.decision.verdict import Verdict
from opbench.gate.stats.bimodality import SlowMode
from opbench.gate.stats.compare import Comparison
from opbench.gate.stats.rule import DEFAULT

from ..scripted_workers import steady
from .test_boundaries import FOUND

SLOWER, FASTER = ScreenResult.SLOWER, ScreenResult.FASTER
SURE = replace(FOUND, workers=7, ratio=1.25, low=1.125, high=1.375, p=0.0005, faster_p=1.0)
WIDE = replace(FOUND, ratio=1.01, low=0.9, high=1.1, spread=0.0625)
PASSING = "surely within the tolerance"
GROUP = SlowMode(base=0, head=2, workers=14, factor=2.0)


def concluded(claim: ScreenResult, comparison: Comparison, **told: Any) -> tuple[Verdict, str]:
    rejected = told.pop("rejected", True)
    rounds = replace(steady()("confirm", 3, comparison.workers), **told)
    return conclude(claim, rounds, comparison, DEFAULT, rejected=rejected)


def in_cycles(ratio: float) -> Any:
    return steady(ratio)("confirm", 3, SURE.workers).logs


def test_a_claim_that_chance_and_tolerance_leave_standing_is_confirmed_either_way() -> None:
    assert concluded(SLOWER, SURE) == (Verdict.REGRESSION, "7 + 7 fresh workers confirm it, p = 0.0005")
    assert concluded(FASTER, SURE.inverted) == (Verdict.FASTER, "7 + 7 fresh workers confirm it, p = 0.0005")


def test_what_holm_does_not_reject_is_confirmed_by_nobody() -> None:
    assert concluded(SLOWER, SURE, rejected=False)[0] is Verdict.INCONCLUSIVE
    assert concluded(FASTER, SURE.inverted, rejected=False)[0] is Verdict.PASS


def test_what_holm_rejects_has_to_be_beyond_the_tolerance_too() -> None:
    small = replace(SURE, ratio=1.02, low=1.01, high=1.025)
    assert concluded(SLOWER, small)[0] is Verdict.PASS
    assert concluded(FASTER, small.inverted)[0] is Verdict.PASS


@pytest.mark.parametrize(("cycles", "confirmed"), [(1.0, False), (1.25, True), (0.8, False)])
def test_a_claim_has_to_hold_in_cycles_of_the_clock_too(cycles: float, confirmed: bool) -> None:
    slower = concluded(SLOWER, SURE, cycles=in_cycles(cycles))
    faster = concluded(FASTER, SURE.inverted, cycles=in_cycles(1 / cycles))
    if confirmed:
        assert (slower[0], faster[0]) == (Verdict.REGRESSION, Verdict.FASTER)
    else:
        clock = "in seconds but not in cycles of the device's clock"
        assert slower == (Verdict.INCONCLUSIVE, f"slower {clock}")
        assert faster == (Verdict.PASS, f"{PASSING}; it looked faster {clock}")


def test_rounds_that_cannot_be_vouched_for_confirm_nothing() -> None:
    why = "throttled: in 3 of 7 rounds"
    assert concluded(SLOWER, SURE, problem=why) == (Verdict.INCONCLUSIVE, f"suspected, not confirmed: {why}")
    assert concluded(FASTER, SURE.inverted, problem=why) == (
        Verdict.PASS,
        f"{PASSING}; it looked faster, not confirmed: {why}",
    )


@pytest.mark.parametrize(("workers", "few"), [(5, True), (6, False)])
def test_fewer_than_can_lie_wholly_apart_are_no_answer(workers: int, few: bool) -> None:
    """Six and six deal complete separation once in 924, which is what is asked of them."""
    verdict, reason = concluded(SLOWER, replace(FOUND, workers=workers), rejected=False)
    if few:
        assert (verdict, reason) == (
            Verdict.INCONCLUSIVE,
            "suspected, but 5 + 5 fresh workers are too few to confirm anything",
        )
    else:
        assert (verdict, reason) == (Verdict.PASS, f"suspected, not confirmed by fresh workers; {PASSING}")


@pytest.mark.parametrize(
    ("comparison", "verdict", "why"),
    [
        (replace(FOUND, low=0.8, ratio=0.9, high=0.95), Verdict.PASS, f"{PASSING}; it looks faster by less than that"),
        (WIDE, Verdict.INCONCLUSIVE, "undecided: 6.2 % between workers of one side"),
        (replace(FOUND, modes=GROUP), Verdict.INCONCLUSIVE, f"undecided: {GROUP}"),
    ],
)
def test_a_slowdown_that_is_not_confirmed_passes_where_fresh_workers_surely_do(
    comparison: Comparison, verdict: Verdict, why: str
) -> None:
    assert concluded(SLOWER, comparison, rejected=False) == (
        verdict,
        f"suspected, not confirmed by fresh workers; {why}",
    )


def test_an_improvement_of_which_some_workers_see_the_contrary_is_open() -> None:
    assert concluded(FASTER, replace(SURE.inverted, modes=GROUP)) == (
        Verdict.INCONCLUSIVE,
        f"it looked faster, but of 7 + 7 fresh workers not all are; undecided: {GROUP}",
    )
    assert concluded(FASTER, SURE, rejected=False) == (
        Verdict.INCONCLUSIVE,
        "undecided: screening saw it faster, fresh workers slower",
    )
    assert concluded(FASTER, replace(FOUND, workers=7), rejected=False) == (
        Verdict.PASS,
        f"{PASSING}; it looked faster, not confirmed by 7 + 7 fresh workers, which saw 1.000 [0.990, 1.010]",
    )


def test_a_claim_that_nobody_could_try_is_open_or_what_screening_showed() -> None:
    assert conclude_unconfirmed(SLOWER, "none fit") == (Verdict.INCONCLUSIVE, "suspected, but none fit")
    assert conclude_unconfirmed(FASTER, "none fit") == (Verdict.PASS, f"{PASSING}; it looks faster, but none fit")


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (FOUND, PASSING),
        (replace(FOUND, low=1.0, high=1.0), PASSING),
        (replace(FOUND, low=1.001, high=1.02), f"{PASSING}; it looks slower by less than that"),
        (replace(FOUND, low=0.98, high=0.999), f"{PASSING}; it looks faster by less than that"),
    ],
)
def test_a_pass_claims_nothing_within_the_tolerance_and_says_how_it_looks(comparison: Comparison, said: str) -> None:
    assert pass_reason(comparison) == said


def test_what_is_open_says_what_lies_apart() -> None:
    assert open_reason(None) == "nothing was measured"
    assert open_reason(WIDE) == "undecided: 6.2 % between workers of one side"
    assert open_reason(replace(WIDE, modes=GROUP)) == f"undecided: {GROUP}"
