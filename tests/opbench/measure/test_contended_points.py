"""What becomes of a point's figures when something else has the processors: marked, or no figure at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from opbench import Axes, Case, Contended, Measured, Outcome, Point, catalog
from opbench.measure.contention import SWITCH
from opbench.measure.point import PointMeasurement
from opbench.measure.timing import sampler
from opbench.measure.timing.contention_watch import Watch, watched
from opbench.measure.timing.sampler import Samples
from opbench.vocabulary.settings import Settings


def outcome(
    monkeypatch: pytest.MonkeyPatch, delay: Callable[[], float], disturbed: str, budget_s: float = 1e3
) -> Outcome:
    """Of the fewest samples that are a figure, or of what the budget's patience bears."""

    @contextmanager
    def watching(*_: object) -> Iterator[Watch]:
        yield Watch(delay, disturbed)

    monkeypatch.setattr("opbench.measure.point.watched", watching)
    operator = catalog.operator("liar")
    case = Case(Point("liar", Axes({"size": 7})), "honest")
    settings = Settings(target=1e6, budget_s=budget_s, count=False, trusting=True)
    measurement = PointMeasurement(case.point, [case], settings, lambda *_: None)
    return measurement.run(operator, operator.work(case.point))["honest"]


@pytest.mark.usefixtures("liar")
def test_a_quiet_figure_has_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(monkeypatch, lambda: 0.0, "")
    assert isinstance(found, Measured)
    assert (found.preempted, found.contention, found.warnings) == (0, "", ())


@pytest.mark.usefixtures("liar")
def test_a_figure_taken_beside_others_says_beside_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(monkeypatch, lambda: 0.0, "others used 0.97 of 2 cores")
    assert isinstance(found, Measured)
    assert found.contention == "others used 0.97 of 2 cores"
    assert found.warnings == ("contended: others used 0.97 of 2 cores",)


@pytest.mark.usefixtures("liar")
def test_a_figure_of_which_many_samples_were_set_aside_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = (10.0 * ((number + 1) // 4) for number in count())  # asked twice a sample: every second one stood in line
    found = outcome(monkeypatch, lambda: next(waits), "")
    assert isinstance(found, Measured)
    taken = found.preempted + len(found.samples_s)
    assert found.preempted >= taken // 3
    assert found.contention == f"{found.preempted} of {taken} samples were preempted"


@pytest.mark.usefixtures("liar")
def test_what_never_had_its_processors_has_no_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = (10.0 * number for number in count())
    found = outcome(monkeypatch, lambda: next(waits), "others used 1.98 of 2 cores", budget_s=1e-3)
    assert isinstance(found, Contended)
    assert found.reason.startswith("others used 1.98 of 2 cores, ")
    assert found.reason.endswith(" samples were preempted; measured again by --resume, when the machine is quieter")


@pytest.mark.usefixtures("liar")
def test_three_budgets_of_preempted_samples_are_borne(monkeypatch: pytest.MonkeyPatch) -> None:
    borne: list[float] = []
    sampled = sampler.measure

    def measuring(*given: Any, **asked: Any) -> dict[str, Samples]:
        borne.append(asked["patience_s"])
        return sampled(*given, **asked)

    monkeypatch.setattr(sampler, "measure", measuring)
    for budget_s in (0.25, 7.0):
        outcome(monkeypatch, lambda: 0.0, "", budget_s)
    assert borne == [0.75, 21.0]


def test_where_nothing_is_watched_that_is_the_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "ignore")
    with watched("wall:led") as watch:
        assert watch.delay() == 0
    assert watch.disturbed == "not watched (OPBENCH_CONTENTION=ignore)"


def test_a_devices_own_clock_sees_nothing_of_the_processors() -> None:
    with watched("cuda_events:warm") as watch:
        assert watch.delay() == 0
    assert watch.disturbed == ""
