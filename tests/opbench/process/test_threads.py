"""The next process's turn begins once the threads of the last one sleep, or after so long."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench.process.threads import asleep, ran_s, settle


def processes(folder: Path, *states: str) -> Path:
    for thread, state in enumerate(states, 7):
        path = folder / "7" / "task" / str(thread)
        path.mkdir(parents=True)
        (path / "stat").write_text(f"{thread} (R) (worker) {state} 1 7 7 0")
    return folder


@pytest.mark.parametrize(
    ("states", "sleeping"), [("S", True), ("SS", True), ("SR", False), ("RS", False), ("SDZ", True)]
)
def test_a_process_sleeps_when_none_of_its_threads_runs(tmp_path: Path, states: str, sleeping: bool) -> None:
    assert asleep(7, processes(tmp_path, *states)) is sleeping


def test_a_process_that_has_ended_sleeps(tmp_path: Path) -> None:
    assert asleep(7, tmp_path)


@pytest.mark.parametrize(("running", "settled"), [(0, True), (3, True), (1 << 20, False)])
def test_waiting_ends_with_their_sleep_or_after_the_longest_time(running: int, settled: bool) -> None:
    at_s, asked = [0.0], [0]

    def sleep(seconds: float) -> None:
        at_s[0] += seconds

    def sleeping(_: int) -> bool:
        asked[0] += 1
        return asked[0] > running

    assert settle(7, 0.02, lambda: at_s[0], sleep, sleeping) is settled
    assert at_s[0] <= 0.021


def test_how_long_threads_ran_is_told_in_seconds_for_each(tmp_path: Path) -> None:
    root = processes(tmp_path, "S", "R")
    for thread, nanoseconds in (("7", 1_500_000_000), ("8", 7)):
        (root / "7" / "task" / thread / "schedstat").write_text(f"{nanoseconds} 11 13")
    assert ran_s(7, root) == {"7": 1.5, "8": pytest.approx(7e-9)}
    (root / "7" / "task" / "8" / "schedstat").write_text("")
    assert ran_s(7, root) == {"7": 1.5}
    assert ran_s(11, root) == {}
