"""The exit code: nothing passes that was not compared, unless that was allowed by name."""

from __future__ import annotations

import pytest

from opbench.errors import UsageError
from opbench.gate.decision.verdict import GOOD, WAIVABLE, Judgement, Verdict, conclusion, exit_code, waivers


def judged(*verdicts: Verdict) -> list[Judgement]:
    return [Judgement(f"b{number}", verdict, "") for number, verdict in enumerate(verdicts)]


UNVOUCHED = sorted(set(Verdict) - {Verdict.PASS, Verdict.FASTER, Verdict.REGRESSION})


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FASTER])
def test_what_is_no_slower_passes(verdict: Verdict) -> None:
    assert exit_code(judged(verdict)) == 0


def test_all_that_is_neither_that_nor_a_regression_may_be_waived() -> None:
    assert sorted(WAIVABLE.values()) == UNVOUCHED
    assert sorted(GOOD) == [Verdict.FASTER, Verdict.PASS]


@pytest.mark.parametrize("verdict", UNVOUCHED)
def test_what_cannot_be_vouched_for_is_3_and_can_be_waived_beside_a_pass(verdict: Verdict) -> None:
    mixed = judged(Verdict.PASS, verdict)
    assert exit_code(mixed) == 3
    assert exit_code(mixed, {verdict}) == 0
    assert f"allowed: 1 {verdict.value}" in conclusion(mixed, {verdict})


def test_a_waiver_of_one_kind_is_none_of_another() -> None:
    assert exit_code(judged(Verdict.PASS, Verdict.NEW), {Verdict.DELETED}) == 3


@pytest.mark.parametrize("verdict", sorted(Verdict))
def test_a_regression_is_1_whatever_else_there_is(verdict: Verdict) -> None:
    assert exit_code(judged(Verdict.REGRESSION, verdict), set(WAIVABLE.values())) == 1


def test_nothing_compared_vouches_for_nothing_even_when_waived() -> None:
    assert exit_code([]) == 3
    assert exit_code(judged(Verdict.NEW), {Verdict.NEW}) == 3


def test_a_regression_cannot_be_waived() -> None:
    with pytest.raises(UsageError, match="no verdict to allow 'regression'"):
        waivers("regression")


def test_waivers_are_words_of_a_list() -> None:
    assert waivers(" new, deleted") == {Verdict.NEW, Verdict.DELETED}
    assert waivers(None) == frozenset()
