"""What the gate's judgement makes of a claim, either way: confirmed, refuted, or neither."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.stats.rule import Rule
from opbench.history.confirming.claim import Answer, answer

from ...gate.decision.test_boundaries import FOUND

RULE = Rule(tolerance=0.25)
LIMIT = 0.8
"""What is faster by the tolerance: 1 / 1.25."""

SIZE = "1.000 [0.990, 1.010]"
"""Of FOUND."""


@pytest.mark.parametrize(
    ("verdict", "slower", "told", "said"),
    [
        (Verdict.REGRESSION, True, Answer.CONFIRMED, f"the gate confirmed it: {SIZE}, why"),
        (Verdict.FASTER, False, Answer.CONFIRMED, f"the gate confirmed it: {SIZE}, why"),
        (Verdict.REGRESSION, False, Answer.OPEN, f"the gate confirmed the contrary: {SIZE}, why"),
        (Verdict.FASTER, True, Answer.OPEN, f"the gate confirmed the contrary: {SIZE}, why"),
        (Verdict.PASS, True, Answer.REFUTED, f"the gate found old and new code to lie within 25 %: {SIZE}"),
        (Verdict.PASS, False, Answer.REFUTED, f"the gate found old and new code to lie within 25 %: {SIZE}"),
        (Verdict.INCONCLUSIVE, True, Answer.OPEN, f"the gate could not tell: inconclusive {SIZE}, why"),
        (Verdict.INVALID, False, Answer.OPEN, f"the gate could not tell: invalid {SIZE}, why"),
    ],
)
def test_a_claim_is_confirmed_by_a_verdict_of_its_own_way_and_refuted_by_a_pass(
    verdict: Verdict, slower: bool, told: Answer, said: str
) -> None:
    assert answer(Judgement("it", verdict, "why", FOUND), RULE, slower=slower) == (told, said)


@pytest.mark.parametrize(("low", "told"), [(LIMIT + 0.01, Answer.REFUTED), (LIMIT, Answer.OPEN), (0.5, Answer.OPEN)])
def test_that_new_code_is_no_faster_its_interval_has_to_show(low: float, told: Answer) -> None:
    found = Judgement("it", Verdict.PASS, "why", replace(FOUND, low=low))
    assert answer(found, RULE, slower=False)[0] is told
    assert answer(found, RULE, slower=True)[0] is Answer.REFUTED
    if told is Answer.OPEN:
        assert answer(found, RULE, slower=False)[1] == (
            f"the gate saw that it is no slower, and could not tell whether it is faster: 1.000 [{low:.3f}, 1.010]"
        )


def test_without_a_figure_nothing_is_refuted() -> None:
    for slower in (True, False):
        assert answer(Judgement("it", Verdict.PASS, "why"), RULE, slower=slower) == (
            Answer.OPEN,
            "the gate could not tell: pass, why",
        )
        assert answer(Judgement("it", Verdict.CRASHED, "one\ntwo"), RULE, slower=slower) == (
            Answer.OPEN,
            "the gate could not tell: crashed, one two",
        )
