"""What is compiled ahead: only what takes long, once on a machine, and never anything that costs a figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from opbench import catalog
from opbench.planning.plan import Task
from opbench.process.measuring_process import Death
from opbench.running import ahead
from opbench.running.ahead import Ahead
from opbench.vocabulary.backend import Backend, Preparing
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.settings import Settings

from ...cheats.liar.operator import OPERATOR

SLOW = Preparing(each_s=3.0, ahead=True)


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))


@pytest.fixture
def preparing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Preparing], None]:
    """Every backend's costs."""

    def set_to(costs: Preparing) -> None:
        found = Backend("one", prepare=lambda *_: lambda: None, preparing=lambda: costs)  # type: ignore[arg-type]
        monkeypatch.setattr(catalog, "backend", lambda *_: found)

    return set_to


class Child:
    """A measuring process that notes what it is asked, and dies on request."""

    asked: list[Any] = []  # noqa: RUF012  (shared on purpose: every process of a test notes in it)
    dies = False

    def __init__(self, _: object) -> None:
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def hello(self, device: str, threads: int) -> dict[str, Any]:
        return {"device": device, "threads": threads}

    def measure(self, request: dict[str, Any], *_: object) -> dict[str, Any]:
        if self.dies:
            raise Death("prepare", "a", "killed")
        self.asked.append(request)
        return {}


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> type[Child]:
    monkeypatch.setattr(ahead, "MeasuringProcess", Child)
    monkeypatch.setattr(Child, "asked", [])
    monkeypatch.setattr(Child, "dies", False)
    return Child


def tasks(count: int, **values: Any) -> list[Task]:
    points = [replace(Point(OPERATOR.name, Axes({"n": n + 1})), **values) for n in range(count)]
    return [Task(point, (Case(point, "a"), Case(point, "b"))) for point in points]


def test_cases_that_compile_are_prepared_ahead_each_once(
    preparing: Callable[[Preparing], None], children: type[Child]
) -> None:
    preparing(SLOW)
    found = Ahead.of(tasks(7))
    told: list[str] = []
    found.prepare("cpu", Settings(), None, told.append)
    assert sorted(one["ahead"]["axes"]["n"] for one in children.asked) == [1, 2, 3, 4, 5, 6, 7]
    assert all(one["backends"] == ["a", "b"] for one in children.asked)
    assert told[0].startswith("compiling ahead for 7 points")
    assert Ahead.of(tasks(7)).tasks == ()
    assert len(Ahead.of(tasks(9)).tasks) == 2


def test_a_death_is_left_for_where_it_is_measured(
    preparing: Callable[[Preparing], None], children: type[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    preparing(SLOW)
    monkeypatch.setattr(children, "dies", True)
    Ahead.of(tasks(3)).prepare("cpu", Settings(), None, lambda _: None)
    assert len(Ahead.of(tasks(3)).tasks) == 3


def test_what_is_only_built_is_built_once(preparing: Callable[[Preparing], None]) -> None:
    preparing(Preparing(first_s=30.0, ahead=True))
    first, second = tasks(2)
    other = replace(second, cases=(Case(second.point, "a:schedule"), Case(second.point, "c")))
    found = Ahead.of([first, other]).tasks
    assert [[case.backend for case in task.cases] for task in found] == [["a", "b"], ["c"]]


@pytest.mark.parametrize("costs", [Preparing(), Preparing(each_s=9.0), Preparing(ahead=True)])
def test_what_is_quick_or_a_figure_of_its_own_is_not(costs: Preparing, preparing: Callable[[Preparing], None]) -> None:
    preparing(costs)
    assert Ahead.of(tasks(7)).tasks == ()


@pytest.mark.parametrize("values", [{"device": "cuda"}, {"mode": "out"}])
def test_neither_is_what_needs_a_gpu_or_an_output(
    values: dict[str, str], preparing: Callable[[Preparing], None]
) -> None:
    preparing(SLOW)
    assert Ahead.of(tasks(7, **values)).tasks == ()


def test_one_point_is_not_worth_a_process(preparing: Callable[[Preparing], None]) -> None:
    preparing(SLOW)
    assert Ahead.of(tasks(1)).tasks == ()
    assert Ahead.of([replace(one, skip="too large") for one in tasks(7)]).tasks == ()
