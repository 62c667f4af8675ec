"""Backends in processes of their own: turns one at a time, one clock over all, and nobody harms a rival."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from opbench import Axes, Case, Contended, Failed, Measured, Outcome, Point
from opbench.cli.progress import Reporter
from opbench.measure.isolation import Isolation
from opbench.planning.plan import plan
from opbench.process.measuring_process import Death
from opbench.running.runner import Runner
from opbench.store.codec import outcome_to_json
from opbench.store.runs import new_run
from opbench.vocabulary.record import Check
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Grid, Sweep

from ...cheats.behaving import SCRIPTED

POINT = Point("liar", Axes({"size": 7}))
GOOD = Measured(Check(True, 7, 0, 0.0, 0.0, 1e-6, 0.0), (1.0,) * 6, 1, "target", 0.1, 1, 0.1, 6.0)
SETTINGS = Settings(count=True)


class World:
    """Processes that say what is scripted; a thread of theirs runs in each turn for as long as it says."""

    def __init__(self, scripts: dict[str, list[list[Any]]]) -> None:
        self.scripts = scripts
        self.ran_s: dict[int, float] = {}
        self.log: list[tuple[str, Any]] = []
        self.paused: list[int] = []
        self.started = 0
        self.rivals_s: list[tuple[str, float]] = []
        self.closed: list[str] = []

    def start(self) -> Any:
        self.started += 1
        return Scripted(self)

    def measure(self, *labels: str) -> tuple[dict[str, Outcome], dict[str, Any], list[str]]:
        notes: list[str] = []
        isolation = Isolation(
            self.start,
            lambda _: lambda *_: None,
            notes.append,
            ran_s=lambda pid: {"7": self.ran_s.get(pid, 0.0)},
            used_s=lambda pid: 10.0 * pid,
            own_s=lambda: 1.0,
        )
        outcomes, facts = isolation.measure([Case(POINT, label) for label in labels], SETTINGS)
        isolation.close()
        return outcomes, facts, notes


class Scripted:
    """One process: `turn(stopped, elapsed, claimed)`, an Outcome, or a Death, one after the other."""

    def __init__(self, world: World) -> None:
        self._world, self.label, self.pid = world, "", world.started

    def begin(self, request: dict[str, Any], *_: object) -> dict[str, Any]:
        if not self.label:
            self.label = request["cases"][0][0]
        self._script = self._world.scripts[self.label].pop(0)
        self._world.log.append((self.label, "counts" if request["count"] else "begin"))
        self._world.rivals_s.append((self.label, request["turns"]["rivals_s"]))
        return self._next()

    def go_on(self, go: dict[str, Any], *_: object) -> dict[str, Any]:
        self._world.rivals_s.append((self.label, go["rivals_s"]))
        self._world.log.append((self.label, "over" if go["over"] else "look" if go["look"] else "go"))
        return self._next()

    def _next(self) -> dict[str, Any]:
        said = self._script.pop(0)
        if isinstance(said, Death):
            raise said
        if isinstance(said, dict):
            self._world.ran_s[self.pid] = self._world.ran_s.get(self.pid, 0.0) + said.pop("ran_s")
            return {"turn": said}
        return {"answer": {"outcomes": {self.label: outcome_to_json(said)}, "sizes": {"p": 3}, "counts": {"torch": {}}}}

    def pause(self) -> None:
        self._world.paused.append(self.pid)

    def close(self) -> None:
        self._world.closed.append(self.label)


def turn(stopped: str = "", ran_s: float = 1.0, claimed_s: float | None = 1.0) -> dict[str, Any]:
    return {"stopped": stopped, "spent_s": 1.0, "ran_s": ran_s, "claimed_s": claimed_s}


def test_all_go_on_until_all_could_stop_and_a_look_at_all_samples_agrees() -> None:
    first = [turn(claimed_s=None), turn("target"), turn("target"), turn("target"), GOOD]
    second = [turn(claimed_s=None), turn(), turn("settled"), turn("settled"), GOOD]
    world = World({"first": [first], "second": [second]})
    outcomes, facts, _ = world.measure("first", "second")
    assert outcomes == {"first": GOOD, "second": GOOD}
    assert facts["sizes"] == {"p": 3}
    words = {label: [word for whose, word in world.log if whose == label][1:] for label in outcomes}
    assert words == {label: ["go", "go", "look", "over"] for label in outcomes}


def test_a_look_that_withdraws_a_reason_has_all_go_on() -> None:
    first = [turn(claimed_s=None), turn("target"), turn(""), turn("target"), turn("target"), GOOD]
    second = [turn(claimed_s=None), *(turn("target") for _ in range(4)), GOOD]
    world = World({"first": [first], "second": [second]})
    world.measure("first", "second")
    assert [word for whose, word in world.log if whose == "second"][1:] == ["go", "look", "go", "look", "over"]


def test_the_next_turn_begins_when_the_last_ones_threads_are_stopped() -> None:
    world = World({label: [[turn(claimed_s=None), turn("target"), turn("target"), GOOD]] for label in ("one", "other")})
    world.measure("one", "other")
    assert sorted(world.paused) == 4 * [1] + 4 * [2]


def test_counting_is_asked_of_one_process_and_all_of_them_end() -> None:
    world = World({label: [[GOOD]] for label in ("one", "other", "third")})
    world.measure("one", "other", "third")
    assert world.log == [("one", "counts"), ("other", "begin"), ("third", "begin")]
    assert (world.started, sorted(world.closed)) == (3, ["one", "other", "third"])


@pytest.mark.parametrize(("ran_s", "passes"), [(1.0, True), (2.0, True), (2.01, False), (10.0, False)])
def test_what_calls_are_said_to_have_taken_is_held_against_how_long_threads_ran(ran_s: float, passes: bool) -> None:
    turns = [turn("target", ran_s) for _ in range(3)]
    world = World({"one": [[turn(claimed_s=None), *turns, GOOD]]})
    turns[0]["ran_s"] = 100.0  # one long turn, such as one whose output was looked at, is no evidence
    outcome = world.measure("one")[0]["one"]
    if passes:
        assert outcome == GOOD
    else:
        assert outcome == Failed("sampling", f"its clock showed 1 s for calls in which a thread ran for {ran_s:.3g} s")


def test_who_has_no_figure_has_no_clock_to_be_held_against() -> None:
    contended = Contended("others used 1.9 of 2 cores")
    world = World({"one": [[turn(claimed_s=None), turn("", 9.0), contended]]})
    assert world.measure("one")[0] == {"one": contended}


def test_a_process_that_dies_is_asked_once_more_alone_and_its_rival_goes_on() -> None:
    dies = [[turn(claimed_s=None), Death("sampling", "one", "killed by SIGKILL")], [turn(claimed_s=None), GOOD]]
    world = World({"one": dies, "other": [[turn(claimed_s=None), turn("target"), turn("target"), GOOD]]})
    outcomes, _, notes = world.measure("one", "other")
    assert outcomes == {"one": GOOD, "other": GOOD}
    assert world.started == 3
    assert len(notes) == 1


def test_what_rivals_used_of_the_processors_is_told_and_never_falls() -> None:
    """The parent used 1 s, and the processes 1, 2 and 3 used 10, 20 and 30.

    The second one dies in a turn, and the third is its successor.
    """
    dies: list[list[Any]] = [[turn(claimed_s=None), Death("sampling", "other", "killed by SIGKILL")], [GOOD]]
    world = World({"one": [[turn(claimed_s=None), turn("target"), turn("target"), GOOD]], "other": dies})
    world.measure("one", "other")
    assert [seconds for label, seconds in world.rivals_s if label == "one"] == [1.0, 21.0, 21.0, 21.0]
    assert [seconds for label, seconds in world.rivals_s if label == "other"] == [11.0, 11.0, 31.0]


def test_a_process_that_dies_twice_has_failed() -> None:
    dies = [[Death("check", "one", "killed by SIGSEGV")], [Death("check", "one", "killed by SIGSEGV")]]
    world = World({"one": dies, "other": [[GOOD]]})
    assert world.measure("one", "other")[0] == {"one": Failed("check", "killed by SIGSEGV"), "other": GOOD}


def test_real_processes_are_measured_in_turns_and_say_so(
    liar: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that is scripted, by which one takes 0.1 us a call; another lowers its priority."""
    monkeypatch.setenv(SCRIPTED, "1")
    backends = ("honest", "lower_priority", "too_quick")
    sweep = Sweep("who harms whom?", (Grid(("disturbing",), {"size": (7,)}, backends),))
    run = new_run(tmp_path, "harm", datetime(2026, 1, 1, 12, 0, 0))  # noqa: DTZ001  (a name, not a moment)
    settings = Settings(budget_s=0.01, time_limit_s=3600.0, threads=1, isolate=True)
    Runner(run, "cpu", settings, Reporter()).go(plan(sweep, "cpu", "wall"))
    records = {record.case.label: record for record in run.records()}
    assert isinstance(records["honest"].outcome, Measured)
    assert records["honest"].environment["processes"] == "one a backend"
    quick, nice = records["too_quick"].outcome, records["lower_priority"].outcome
    assert isinstance(quick, Failed)
    assert quick.reason.startswith("its clock showed 0.001 s for calls in which a thread ran for")
    assert isinstance(nice, Failed)
    assert "priority: " in nice.reason
