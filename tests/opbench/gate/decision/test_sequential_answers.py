"""Who is asked again, how long and by how many, where a trial could go either way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.gate.decision import sequential_test
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.stats.compare import Comparison, compare
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import DEFAULT, Rule

from ..scripted_workers import Script, ScriptedFactory, fails, staged, steady

HOPEFUL = steady(0.96, 0.03)
"""Surely within the tolerance, and maybe faster by more than that."""

FAINT = steady(1.08, 0.02)
"""A slowdown that 15 fresh workers a side are expected to confirm."""


def run(script: Script, room: int = 100) -> tuple[Judgement, ScriptedFactory, list[Judgement]]:
    observed: list[Judgement] = []
    factory = ScriptedFactory({"it": script}, room)
    (judgement,) = SequentialTest(factory.start, DEFAULT, observed.append).run(["it"])
    return judgement, factory, observed


def test_what_stays_within_the_tolerance_and_only_may_be_faster_passes_after_all_looks() -> None:
    judgement, factory, observed = run(HOPEFUL)
    assert judgement.verdict is Verdict.PASS
    assert judgement.reason == "surely within the tolerance"
    assert factory.started == [("screen", DEFAULT.workers)]
    assert {per_side for _, _, _, per_side in factory.measured} == {DEFAULT.workers}
    assert len(factory.measured) > 1
    assert observed == [judgement]


@pytest.mark.parametrize(("room", "tried"), [(100, 15), (15, 15), (14, 14), (13, 13), (12, 12)])
def test_a_claim_is_tried_by_as_many_workers_as_fit_up_to_those_wanted(room: int, tried: int) -> None:
    _, factory, _ = run(FAINT, room)
    assert factory.started == [("screen", DEFAULT.workers), ("confirm", tried)]


@pytest.mark.parametrize("settled", [True, False])
def test_a_confirmation_is_longer_where_screening_saw_that_more_rounds_still_help(
    settled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compared(rounds: Rounds, rule: Rule) -> Comparison:
        return replace(compare(rounds, rule), settled=settled)

    monkeypatch.setattr(sequential_test, "compare", compared)
    _, factory, _ = run(steady(1.08))
    stage, _, rounds, _ = factory.measured[-1]
    assert (stage, rounds) == ("confirm", DEFAULT.confirm_rounds if settled else DEFAULT.unsettled_rounds)


def test_of_fresh_workers_that_break_nothing_was_found_and_what_was_suspected_stays() -> None:
    judgement, _, observed = run(staged(screen=steady(1.08), confirm=fails("crashed")))
    assert judgement.verdict is Verdict.CRASHED
    assert judgement.comparison is None
    assert judgement.screening is not None
    assert judgement.screening.ratio == pytest.approx(1.08)
    assert observed == [judgement]


def test_a_judgement_says_how_long_its_rounds_took(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1_000))
    monkeypatch.setattr(sequential_test, "monotonic", lambda: float(next(ticks)))
    judgement, factory, _ = run(steady(1.2))
    assert judgement.seconds == len(factory.measured) == 2


def test_judgements_come_in_the_order_asked_for_and_are_told_as_they_fall() -> None:
    observed: list[str] = []
    scripts = {"late": steady(1.2), "early": steady(), "broken": fails("empty"), "open": steady(spread=0.2)}
    factory = ScriptedFactory(scripts)
    judged = SequentialTest(factory.start, DEFAULT, lambda one: observed.append(one.benchmark)).run(list(scripts))
    assert [(one.benchmark, one.verdict) for one in judged] == [
        ("late", Verdict.REGRESSION),
        ("early", Verdict.PASS),
        ("broken", Verdict.EMPTY),
        ("open", Verdict.INCONCLUSIVE),
    ]
    assert observed == ["early", "broken", "open", "late"]
