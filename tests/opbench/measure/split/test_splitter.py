"""Attempts at a split: the nearest to the median stands, a failure takes nothing away, a latency least of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

import pytest
import torch

from opbench import Backend, Case, Measured, Point, catalog
from opbench.measure.point import PointMeasurement
from opbench.measure.split import splitter
from opbench.measure.split.cpu_profiler import GroupPlan
from opbench.measure.split.cpu_split import CallGroup, ProfilerOverhead
from opbench.measure.split.spans import Span
from opbench.measure.split.splitter import ATTEMPTS_S, MAX_ATTEMPTS, NOTHING_SEEN, LaunchSplit, Splitter
from opbench.vocabulary.settings import Settings

from ....cheats.liar.operator import OPERATOR

Script = list[dict[str, float]]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Script:
    """For each attempt to come, nanoseconds of each launch, which is one multiplication; the plans are kept."""
    attempts: Script = []

    def profile_launches(
        launches: Mapping[str, object], plans: Mapping[str, GroupPlan], announce: Callable[[str], None] = print
    ) -> dict[str, list[CallGroup]]:
        if all(plan.groups == 1 for plan in plans.values()):
            return {label: [CallGroup(1, 0, 1, [Span("aten::mul", 0, 1)])] for label in launches}
        found = {}
        for label, ns in attempts.pop(0).items():
            assert label in launches
            announce(label)
            if ns < 0:
                raise RuntimeError(f"boom of {label}")
            found[label] = [CallGroup(1, ns, ns, [Span("aten::mul", 0, int(ns))])]
        return found

    monkeypatch.setattr(splitter, "profile_launches", profile_launches)
    monkeypatch.setattr(splitter, "overhead_for", lambda _: ProfilerOverhead())
    return attempts


def after(*labels: str, attempt_s: float = 0.0) -> dict[str, LaunchSplit]:
    """Splits of launches of 1 us, when all is over. attempt_s: what every attempt takes, by the clock that is given."""
    splits = {label: LaunchSplit(lambda: None, 1e-6, 5) for label in labels}
    split(splits, attempt_s)
    return splits


def split(splits: dict[str, LaunchSplit], attempt_s: float = 0.0) -> None:
    readings = count()
    Splitter(splits, "cpu", led=False, announce=lambda _: None, now=lambda: next(readings) * attempt_s).run()


def test_an_attempt_that_adds_up_is_the_last(scripted: Script) -> None:
    scripted[:] = [{"a": 1010}]
    launch_split = after("a")["a"]
    assert launch_split.reason == ""
    assert launch_split.parts["elementwise"] == pytest.approx(1.01e-6)


def test_of_attempts_that_do_not_the_nearest_stands_with_its_reason(scripted: Script) -> None:
    scripted[:] = [{"a": 2000}, {"a": 1200}, {"a": 1500}]
    launch_split = after("a")["a"]
    assert not scripted
    assert launch_split.parts["elementwise"] == pytest.approx(1.2e-6)
    assert "20% more" in launch_split.reason


def test_what_adds_up_is_left_alone_while_the_others_are_tried_again(scripted: Script) -> None:
    scripted[:] = [{"a": 1000, "b": 2000}, {"a": 3000, "b": 1000}]
    splits = after("a", "b")
    assert splits["a"].parts["elementwise"] == pytest.approx(1e-6)
    assert splits["b"].parts["elementwise"] == pytest.approx(1e-6)


def test_who_fails_has_a_reason_and_the_others_are_split(scripted: Script) -> None:
    scripted[:] = [{"a": 1000, "b": -1}, {"a": 1000}]
    splits = after("a", "b")
    assert splits["a"].parts
    assert splits["b"].reason == "the profiler failed: RuntimeError: boom of b"


@pytest.mark.parametrize("attempt_s", [0.0, 1e6])
def test_a_launch_that_failed_is_not_called_again(attempt_s: float) -> None:
    calls: list[str] = []

    def fails() -> None:
        calls.append("fails")
        if len(calls) > 1:
            raise RuntimeError("boom")

    x = torch.ones(7)
    splits = {"fails": LaunchSplit(fails, 1e-3, 1), "works": LaunchSplit(lambda: x * x, 1e-6, 5)}
    split(splits, attempt_s)
    assert splits["works"].parts
    assert "boom" in splits["fails"].reason
    assert len(calls) == 2


def test_however_long_failures_take_the_others_are_split(scripted: Script) -> None:
    scripted[:] = [{"a": 1000, "b": -1}, {"a": 1000, "c": -1}, {"a": 1000, "d": 1000}]
    splits = after("a", "b", "c", "d", attempt_s=1e6)
    assert {label: launch_split.reason for label, launch_split in splits.items() if not launch_split.parts} == {
        "b": "the profiler failed: RuntimeError: boom of b",
        "c": "the profiler failed: RuntimeError: boom of c",
    }
    assert splits["a"].reason == splits["d"].reason == ""


def test_failures_are_none_of_the_attempts_of_the_others(scripted: Script) -> None:
    failed: Script = [{label: -1} for label in "bcde"]
    missed: Script = [{"a": 1200}] * (MAX_ATTEMPTS - 1)
    scripted[:] = [*failed, *missed, {"a": 1000}]
    assert after(*"abcde")["a"].reason == ""
    assert not scripted


@pytest.mark.parametrize(("share", "left"), [(0.9, 1), (1.1, 2)])
def test_after_enough_seconds_of_each_launch_what_there_is_stands(scripted: Script, share: float, left: int) -> None:
    scripted[:] = [{"a": 1200, "b": 1000}, {"a": 1100}, {"a": 1000}]
    launch_split = after("a", "b", attempt_s=share * 2 * ATTEMPTS_S)["a"]
    assert len(scripted) == left
    assert launch_split.parts["elementwise"] == pytest.approx(1.2e-6 if left == 2 else 1.1e-6)
    assert "more" in launch_split.reason


def test_a_profiler_that_fails_before_any_launch_runs_is_tried_as_often_as_one_that_misses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    def profile_launches(
        launches: Mapping[str, object], plans: Mapping[str, GroupPlan], *_: object
    ) -> dict[str, list[CallGroup]]:
        if all(plan.groups == 1 for plan in plans.values()):
            return {label: [CallGroup(1, 0, 1, [])] for label in launches}
        tried.append(1)
        raise RuntimeError("no kineto")

    monkeypatch.setattr(splitter, "profile_launches", profile_launches)
    splits = after("a", "b")
    assert {launch_split.reason for launch_split in splits.values()} == {"the profiler failed: RuntimeError: no kineto"}
    assert len(tried) == MAX_ATTEMPTS


def test_a_profiler_that_never_works_is_everybodys_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no kineto")

    monkeypatch.setattr(splitter, "profile_launches", fails)
    splits = after("a", "b", "c", "d", "e")
    assert {launch_split.reason for launch_split in splits.values()} == {"the profiler failed: RuntimeError: no kineto"}


def test_a_failure_takes_nothing_from_an_attempt_before_it(scripted: Script) -> None:
    scripted[:] = [{"a": 1200}, {"a": -1}]
    launch_split = after("a")["a"]
    assert launch_split.parts["elementwise"] == pytest.approx(1.2e-6)
    assert "boom" not in launch_split.reason


def test_without_an_operator_there_is_a_reason_and_no_second_attempt() -> None:
    calls: list[int] = []
    launch_split = LaunchSplit(lambda: calls.append(1), 1e-3, 1)
    split({"a": launch_split})
    assert (launch_split.parts, launch_split.reason, launch_split.done) == ({}, NOTHING_SEEN, True)
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

    monkeypatch.setattr(splitter, "profile_launches", fails)
    found = measured(liar, monkeypatch, split=True)
    assert found.samples_s
    assert found.split_reason == "the profiler failed: RuntimeError: no kineto"
