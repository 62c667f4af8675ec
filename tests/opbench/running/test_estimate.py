"""What a run is said to take, before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from opbench import catalog
from opbench.planning.plan import Task
from opbench.planning.remaining import overview
from opbench.running import ahead
from opbench.running.estimate import ASKING_S, START_S, Expected, expected, minutes
from opbench.vocabulary.backend import Backend, Preparing
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.work import Work

SETTINGS = Settings(budget_s=0.5)


def at_once(tasks: list[Task], settings: Settings = SETTINGS, cores: int | None = None) -> Expected:
    """What is said on a clock that stands still: every operator has the time to say its work."""
    return expected(overview(tasks, set()), settings, cores=cores, now=lambda: 0.0)


def task(kib: int, *backends: str, skip: str | None = None) -> Task:
    point = Point("memory_write", catalog.operator("memory_write").complete({"kib": kib}), mode="out")
    return Task(point, tuple(Case(point, name) for name in backends), skip)


def compiles(monkeypatch: pytest.MonkeyPatch, **costs: Preparing) -> None:
    """The backends named take so long to prepare."""
    monkeypatch.setattr(ahead, "costs", lambda case: costs.get(case.backend, Preparing()))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "10 s"), (8.0, "10 s"), (60.0, "1 min"), (184.0, "3 min 10 s"), (3600.0, "60 min"), (59.6, "1 min")],
)
def test_seconds_are_rounded_up_to_ten(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_one_line_says_the_whole_and_its_parts() -> None:
    assert str(Expected(60.0, 0.0, 41.0, 7)) == "this will take up to 1 min 50 s: ceilings 1 min, 7 cases 50 s"


def test_every_case_has_its_budget_its_warm_up_and_its_checks() -> None:
    one, two = (at_once([task(64, *names)], SETTINGS).total_s for names in (("cpp_ext",), ("cpp_ext", "torch_eager")))
    assert two - one >= SETTINGS.budget_s + 0.2
    longer = at_once([task(64, "cpp_ext")], replace(SETTINGS, budget_s=7.5)).total_s
    assert longer - one == pytest.approx(7.0)


def test_large_outputs_take_longer_to_check() -> None:
    assert at_once([task(1 << 18, "cpp_ext")], SETTINGS).total_s > at_once([task(64, "cpp_ext")], SETTINGS).total_s + 1


def test_what_is_skipped_or_cannot_run_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert at_once([task(64, "cpp_ext", skip="too large")], SETTINGS).total_s == START_S
    monkeypatch.setattr(ahead, "costs", lambda _: None)
    assert at_once([task(64, "cpp_ext")], SETTINGS).total_s == START_S


def test_a_first_time_counts_once_and_every_point_each(monkeypatch: pytest.MonkeyPatch) -> None:
    compiles(monkeypatch, cpp_ext=Preparing(first_s=100.0, each_s=10.0))
    tasks = [task(kib, "cpp_ext", "torch_eager") for kib in (64, 128, 256)]
    assert at_once(tasks, SETTINGS).compiling_s == 130.0


def test_cores_share_what_is_compiled_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    compiles(monkeypatch, cpp_ext=Preparing(each_s=10.0, ahead=True))
    monkeypatch.setattr(ahead, "done", lambda _: False)
    tasks = [
        replace(one, point=replace(one.point, mode="forward")) for one in (task(64, "cpp_ext"), task(128, "cpp_ext"))
    ]
    tasks = [replace(one, cases=(Case(one.point, "cpp_ext"),)) for one in tasks]
    assert at_once(tasks, SETTINGS, cores=1).compiling_s == START_S + 20.0
    assert at_once(tasks, SETTINGS, cores=2).compiling_s == START_S + 10.0
    assert at_once(tasks, SETTINGS, cores=64).compiling_s == START_S + 10.0


def test_a_run_too_large_to_compile_ahead_compiles_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    compiles(monkeypatch, cpp_ext=Preparing(each_s=10.0, ahead=True))
    monkeypatch.setattr(ahead, "done", lambda _: False)
    some = overview([replace(task(kib), cases=(Case(task(kib).point, "cpp_ext"),)) for kib in (64, 128)], set())
    huge = replace(some, cases=50_000, tasks=50_000)
    found = expected(huge, SETTINGS, cores=64, now=lambda: 0.0)
    assert found.compiling_s == 500_000.0
    assert found.cases == 50_000
    assert found.cases_s - START_S == pytest.approx(25_000 * (at_once(list(some.some)).cases_s - START_S))


def test_operators_that_take_long_to_say_their_work_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Point] = []
    found = catalog.operator("memory_write")

    def work(point: Point) -> Work:
        asked.append(point)
        return found.work(point)

    monkeypatch.setattr(catalog, "operator", lambda _: replace(found, work=work))
    clock: Iterator[float] = iter([0.0, ASKING_S + 1, 9.0])
    expected(overview([task(kib, "cpp_ext") for kib in (64, 128, 256)], set()), SETTINGS, now=lambda: next(clock))
    assert len(asked) == 1


def test_no_tasks_take_the_time_to_say_so() -> None:
    assert at_once([], SETTINGS).total_s == START_S


def test_backends_tell_what_preparing_takes_cheaply() -> None:
    found = catalog.backend("cross_hadamard", "torch_compile")
    assert isinstance(found, Backend)
    assert found.preparing().each_s > 0
    eager = catalog.backend("cross_hadamard", "torch_eager")
    assert isinstance(eager, Backend)
    assert eager.preparing() == Preparing()
