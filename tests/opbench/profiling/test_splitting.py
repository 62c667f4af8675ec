"""Attempts at a split: the nearest to the median stands, a failure takes nothing away, a latency least of all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from opbench import Backend, Case, Measured, Point, catalog
from opbench.measuring import PointMeasurement
from opbench.profiling import splitting
from opbench.profiling.split import Costs, Group, Span
from opbench.profiling.splitting import NOTHING_SEEN, Splitting
from opbench.profiling.tracing import Plan
from opbench.settings import Settings

from ...cheats.liar.operator import OPERATOR


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Durations in nanoseconds of the attempts to come; the launch is one multiplication."""
    durations: list[float] = []

    def traced(_: object, plan: Plan) -> Sequence[Group]:
        if plan.groups == 1:
            return [Group(1, 0, 1, [Span("aten::mul", 0, 1)])]
        whole = durations.pop(0)
        return [Group(1, whole, whole, [Span("aten::mul", 0, int(whole))])]

    monkeypatch.setattr(splitting, "traced", traced)
    monkeypatch.setattr(splitting, "costs_for", lambda _: Costs())
    return durations


def splitting_of_one_us() -> Splitting:
    return Splitting(lambda: None, 1e-6, "cpu")


def test_an_attempt_that_adds_up_is_the_last(scripted: list[float]) -> None:
    scripted[:] = [1010]
    turn = splitting_of_one_us()
    turn.attempt()
    assert turn.done
    assert turn.reason == ""
    assert turn.parts["elementwise"] == pytest.approx(1.01e-6)


def test_of_attempts_that_do_not_the_nearest_stands_with_its_reason(scripted: list[float]) -> None:
    scripted[:] = [2000, 1200, 1500]
    turn = splitting_of_one_us()
    for _ in range(3):
        turn.attempt()
    assert not turn.done
    assert turn.parts["elementwise"] == pytest.approx(1.2e-6)
    assert "20% more" in turn.reason


def test_a_failure_takes_nothing_from_an_attempt_before_it(scripted: list[float]) -> None:
    scripted[:] = [1200]
    turn = splitting_of_one_us()
    turn.attempt()
    turn.give_up("RuntimeError: boom")
    assert turn.done
    assert turn.parts
    assert "boom" not in turn.reason


def test_without_an_operator_there_is_a_reason_and_no_second_attempt() -> None:
    turn = Splitting(lambda: 1, 1e-6, "cpu")
    turn.attempt()
    assert (turn.parts, turn.reason, turn.done) == ({}, NOTHING_SEEN, True)


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

    monkeypatch.setattr(splitting, "traced", fails)
    found = measured(liar, monkeypatch, split=True)
    assert found.samples_s
    assert found.split_reason == "the profiler failed: RuntimeError: no kineto"
