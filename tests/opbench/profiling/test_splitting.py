"""Attempts at a split: the nearest to the median stands, a failure takes nothing away, a latency least of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

import pytest
import torch

from opbench import Backend, Case, Measured, Point, catalog
from opbench.measuring import PointMeasurement
from opbench.profiling import splitting
from opbench.profiling.split import Costs, Group, Span
from opbench.profiling.splitting import ATTEMPTS, ENOUGH_S, NOTHING_SEEN, Splitting, Turn
from opbench.profiling.tracing import Plan
from opbench.settings import Settings

from ...cheats.liar.operator import OPERATOR

Script = list[dict[str, float]]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Script:
    """For each attempt to come, nanoseconds of each launch, which is one multiplication; the plans are kept."""
    attempts: Script = []

    def all_traced(
        launches: Mapping[str, object], plans: Mapping[str, Plan], tell: Callable[[str], None] = print
    ) -> dict[str, list[Group]]:
        if all(plan.groups == 1 for plan in plans.values()):
            return {label: [Group(1, 0, 1, [Span("aten::mul", 0, 1)])] for label in launches}
        found = {}
        for label, ns in attempts.pop(0).items():
            assert label in launches
            tell(label)
            if ns < 0:
                raise RuntimeError(f"boom of {label}")
            found[label] = [Group(1, ns, ns, [Span("aten::mul", 0, int(ns))])]
        return found

    monkeypatch.setattr(splitting, "all_traced", all_traced)
    monkeypatch.setattr(splitting, "costs_for", lambda _: Costs())
    return attempts


def after(*labels: str, attempt_s: float = 0.0) -> dict[str, Turn]:
    """Turns of launches of 1 us, when all is over. attempt_s: what every attempt takes, by the clock that is given."""
    turns = {label: Turn(lambda: None, 1e-6, 5) for label in labels}
    split(turns, attempt_s)
    return turns


def split(turns: dict[str, Turn], attempt_s: float = 0.0) -> None:
    readings = count()
    Splitting(turns, "cpu", led=False, tell=lambda _: None, now=lambda: next(readings) * attempt_s).run()


def test_an_attempt_that_adds_up_is_the_last(scripted: Script) -> None:
    scripted[:] = [{"a": 1010}]
    turn = after("a")["a"]
    assert turn.reason == ""
    assert turn.parts["elementwise"] == pytest.approx(1.01e-6)


def test_of_attempts_that_do_not_the_nearest_stands_with_its_reason(scripted: Script) -> None:
    scripted[:] = [{"a": 2000}, {"a": 1200}, {"a": 1500}]
    turn = after("a")["a"]
    assert not scripted
    assert turn.parts["elementwise"] == pytest.approx(1.2e-6)
    assert "20% more" in turn.reason


def test_what_adds_up_is_left_alone_while_the_others_are_tried_again(scripted: Script) -> None:
    scripted[:] = [{"a": 1000, "b": 2000}, {"a": 3000, "b": 1000}]
    turns = after("a", "b")
    assert turns["a"].parts["elementwise"] == pytest.approx(1e-6)
    assert turns["b"].parts["elementwise"] == pytest.approx(1e-6)


def test_who_fails_has_a_reason_and_the_others_are_split(scripted: Script) -> None:
    scripted[:] = [{"a": 1000, "b": -1}, {"a": 1000}]
    turns = after("a", "b")
    assert turns["a"].parts
    assert turns["b"].reason == "the profiler failed: RuntimeError: boom of b"


@pytest.mark.parametrize("attempt_s", [0.0, 1e6])
def test_a_launch_that_failed_is_not_called_again(attempt_s: float) -> None:
    calls: list[str] = []

    def fails() -> None:
        calls.append("fails")
        if len(calls) > 1:
            raise RuntimeError("boom")

    x = torch.ones(7)
    turns = {"fails": Turn(fails, 1e-3, 1), "works": Turn(lambda: x * x, 1e-6, 5)}
    split(turns, attempt_s)
    assert turns["works"].parts
    assert "boom" in turns["fails"].reason
    assert len(calls) == 2


def test_however_long_failures_take_the_others_are_split(scripted: Script) -> None:
    scripted[:] = [{"a": 1000, "b": -1}, {"a": 1000, "c": -1}, {"a": 1000, "d": 1000}]
    turns = after("a", "b", "c", "d", attempt_s=1e6)
    assert {label: turn.reason for label, turn in turns.items() if not turn.parts} == {
        "b": "the profiler failed: RuntimeError: boom of b",
        "c": "the profiler failed: RuntimeError: boom of c",
    }
    assert turns["a"].reason == turns["d"].reason == ""


def test_failures_are_none_of_the_attempts_of_the_others(scripted: Script) -> None:
    failed: Script = [{label: -1} for label in "bcde"]
    missed: Script = [{"a": 1200}] * (ATTEMPTS - 1)
    scripted[:] = [*failed, *missed, {"a": 1000}]
    assert after(*"abcde")["a"].reason == ""
    assert not scripted


@pytest.mark.parametrize(("share", "left"), [(0.9, 1), (1.1, 2)])
def test_after_enough_seconds_of_each_launch_what_there_is_stands(scripted: Script, share: float, left: int) -> None:
    scripted[:] = [{"a": 1200, "b": 1000}, {"a": 1100}, {"a": 1000}]
    turn = after("a", "b", attempt_s=share * 2 * ENOUGH_S)["a"]
    assert len(scripted) == left
    assert turn.parts["elementwise"] == pytest.approx(1.2e-6 if left == 2 else 1.1e-6)
    assert "more" in turn.reason


def test_a_profiler_that_fails_before_any_launch_runs_is_tried_as_often_as_one_that_misses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    def all_traced(launches: Mapping[str, object], plans: Mapping[str, Plan], *_: object) -> dict[str, list[Group]]:
        if all(plan.groups == 1 for plan in plans.values()):
            return {label: [Group(1, 0, 1, [])] for label in launches}
        tried.append(1)
        raise RuntimeError("no kineto")

    monkeypatch.setattr(splitting, "all_traced", all_traced)
    turns = after("a", "b")
    assert {turn.reason for turn in turns.values()} == {"the profiler failed: RuntimeError: no kineto"}
    assert len(tried) == ATTEMPTS


def test_a_profiler_that_never_works_is_everybodys_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no kineto")

    monkeypatch.setattr(splitting, "all_traced", fails)
    turns = after("a", "b", "c", "d", "e")
    assert {turn.reason for turn in turns.values()} == {"the profiler failed: RuntimeError: no kineto"}


def test_a_failure_takes_nothing_from_an_attempt_before_it(scripted: Script) -> None:
    scripted[:] = [{"a": 1200}, {"a": -1}]
    turn = after("a")["a"]
    assert turn.parts["elementwise"] == pytest.approx(1.2e-6)
    assert "boom" not in turn.reason


def test_without_an_operator_there_is_a_reason_and_no_second_attempt() -> None:
    calls: list[int] = []
    turn = Turn(lambda: calls.append(1), 1e-3, 1)
    split({"a": turn})
    assert (turn.parts, turn.reason, turn.done) == ({}, NOTHING_SEEN, True)
    assert len(calls) < 40


def measured(liar: str, monkeypatch: pytest.MonkeyPatch, *, split: bool) -> Measured:
    def prepare(_: Point, inputs: dict[str, torch.Tensor], __: object, ___: str) -> object:
        return lambda: 2 * inputs["x"] + inputs["offset"]

    backend = Backend(about="doubles", prepare=prepare)  # type: ignore[arg-type]
    monkeypatch.setattr(catalog, "backend", lambda *_: backend)
    point = Point(liar, OPERATOR.complete({}))
    case, settings = Case(point, "honest"), Settings(budget_s=0.01, split=split)
    outcome = PointMeasurement(point, [case], settings, lambda *_: None).run(OPERATOR, OPERATOR.work(point))["honest"]
    assert isinstance(outcome, Measured)
    return outcome


def test_a_measured_case_is_split_where_that_was_asked_for(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = measured(liar, monkeypatch, split=True)
    assert found.split.keys() == {"dispatch", "allocation", "elementwise"}
    assert measured(liar, monkeypatch, split=False).split == {}


def test_a_profiler_that_fails_costs_no_latency(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no kineto\nin this build")

    monkeypatch.setattr(splitting, "all_traced", fails)
    found = measured(liar, monkeypatch, split=True)
    assert found.samples_s
    assert found.split_reason == "the profiler failed: RuntimeError: no kineto"
