"""What is said of the processors while samples were taken, on a machine whose every figure is written down."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from opbench.measure.timing import contention_watch as watch
from opbench.measure.timing.contention_watch import watched


@dataclass
class Written:
    """uses: what the machine's readings are, one after another. names: who was busiest."""

    uses: list[int]
    names: list[str]
    cpus: tuple[int, ...] = (0, 1, 2)
    read: list[int] = field(default_factory=list)
    families: list[int | None] = field(default_factory=list)

    def use(self) -> int:
        self.read.append(self.uses[len(self.read)])
        return self.read[-1]

    def busiest(self, family: int | None) -> list[str]:
        self.families.append(family)
        return self.names


def on(machine: Written, monkeypatch: pytest.MonkeyPatch, said: str) -> list[tuple[int, int, int]]:
    """Has `watched` see that machine; returns what it asks about."""
    asked: list[tuple[int, int, int]] = []

    def disturbance(before: int, after: int, cpus: int) -> str:
        asked.append((before, after, cpus))
        return said

    monkeypatch.setattr("opbench.measure.timing.contention_watch.Machine.here", lambda *_: machine)
    monkeypatch.setattr(watch, "disturbance", disturbance)
    monkeypatch.setattr(watch, "ignored", lambda: False)
    monkeypatch.setattr(watch, "run_delay", lambda: lambda: 0.5)
    return asked


@pytest.mark.parametrize(
    ("said", "names", "disturbed"),
    [
        ("", ["make"], ""),
        ("others had 30 %", [], "others had 30 %"),
        ("others had 30 %", ["make", "cc1plus"], "others had 30 %: make, cc1plus"),
    ],
)
def test_what_had_the_processors_is_known_once_it_is_over(
    said: str, names: list[str], disturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Written([3, 7], names)
    asked = on(machine, monkeypatch, said)
    with watched("wall") as found:
        assert found.disturbed == ""
        assert found.delay() == 0.5
        found.relieve()
        assert asked == []
    assert asked == [(3, 7, 3)]
    assert found.disturbed == disturbed
    assert machine.families == [None][: bool(said)]


def test_what_ran_before_a_first_turn_disturbed_nothing_and_rivals_are_not_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Written([3, 5, 7], ["make"])
    asked = on(machine, monkeypatch, "busy")
    with watched("wall", lambda: 0.0) as found:
        found.restart()
    assert asked == [(5, 7, 3)]
    assert machine.families == [os.getppid()]


def test_of_what_failed_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = on(Written([3, 7], []), monkeypatch, "busy")
    with pytest.raises(KeyError), watched("wall:led"):
        raise KeyError
    assert asked == []


@pytest.mark.parametrize("clock", ["cuda_events:warm", "cuda_graph:cold"])
def test_a_devices_own_clock_does_not_see_the_processors(clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Written([], [])
    on(machine, monkeypatch, "busy")
    with watched(clock) as found:
        assert found.delay() == 0.0
    assert (found.disturbed, machine.read) == ("", [])


def test_that_nobody_watched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "ignored", lambda: True)
    with watched("wall") as found:
        assert found.delay() == 0.0
    assert found.disturbed == "not watched (OPBENCH_CONTENTION=ignore)"
