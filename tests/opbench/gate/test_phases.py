"""Where a run's time goes: every second in one phase, and none twice."""

from __future__ import annotations

import pytest

from opbench.gate.phases import REST, Phase, Phases


def phases(*readings_s: float) -> Phases:
    return Phases(iter(readings_s).__next__)


def test_a_phase_within_another_takes_its_seconds_out_of_it() -> None:
    watch = phases(0.0, 2.0, 5.0, 12.0, 29.0, 30.0)
    with watch.phase("outer", 3), watch.phase("inner"):
        pass
    found = watch.so_far()
    assert found == {REST: Phase(3.0, 0), "outer": Phase(20.0, 3), "inner": Phase(7.0, 0)}
    assert sum(phase.seconds for phase in found.values()) == 30.0


def test_a_phase_that_comes_again_adds_up() -> None:
    watch = phases(0.0, 0.0, 3.0, 3.0, 8.0, 8.0)
    for count in (5, 7):
        with watch.phase("slices", count):
            pass
    assert watch.so_far()["slices"] == Phase(8.0, 12)


def test_a_phase_that_fails_has_taken_its_time() -> None:
    watch = phases(0.0, 1.0, 4.0, 4.5)
    with pytest.raises(ZeroDivisionError), watch.phase("broken", 1):
        raise ZeroDivisionError
    assert watch.so_far() == {REST: Phase(1.5, 0), "broken": Phase(3.0, 1)}
