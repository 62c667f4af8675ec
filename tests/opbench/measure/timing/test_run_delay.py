"""The seconds that threads stood in line: of all of them, of those that came and went, and never falling."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from opbench.measure.timing.run_delay import MOST_THREADS, TASKS, RunDelay, run_delay, switches


def thread(tasks: Path, name: str, delay_ns: int) -> None:
    (tasks / name).mkdir(exist_ok=True)
    (tasks / name / "schedstat").write_text(f"777 {delay_ns} 5\n")


def test_the_delays_of_all_threads_add_up(tmp_path: Path) -> None:
    thread(tmp_path, "11", 3_000_000_000)
    thread(tmp_path, "12", 0)
    delay = RunDelay(tmp_path)
    before = delay()
    thread(tmp_path, "11", 3_250_000_000)
    thread(tmp_path, "12", 500_000_000)
    assert delay() - before == pytest.approx(0.75)
    assert delay() == delay()
    delay.close()


def test_a_thread_that_came_later_counts_from_its_start(tmp_path: Path) -> None:
    thread(tmp_path, "11", 0)
    delay = RunDelay(tmp_path)
    before = delay()
    thread(tmp_path, "13", 125_000_000)
    assert delay() - before == pytest.approx(0.125)
    delay.close()


def test_a_thread_that_went_takes_nothing_away() -> None:
    """On this process's own threads: a file that is deleted can be read on, a thread's cannot."""
    going = threading.Event()
    gone = threading.Thread(target=going.wait)
    gone.start()
    delay = RunDelay()
    before, threads = delay(), delay.threads
    going.set()
    gone.join()
    while (TASKS / str(gone.native_id)).exists():  # the system may take a moment longer than Python
        os.sched_yield()
    assert delay() >= before
    assert delay.threads < threads
    delay.close()


def test_without_the_kernels_count_switches_stand_in(tmp_path: Path) -> None:
    assert run_delay(tmp_path / "none") is switches
    assert run_delay(tmp_path) is switches
    (tmp_path / "11").mkdir()
    (tmp_path / "11" / "schedstat").write_text("not numbers\n")
    assert run_delay(tmp_path) is switches


def test_reading_more_threads_than_a_sample_has_time_for_is_left_alone(tmp_path: Path) -> None:
    for number in range(MOST_THREADS + 1):
        thread(tmp_path, str(number), 0)
    assert run_delay(tmp_path) is switches


def test_the_threads_that_run_most_get_a_processor_each_and_all_back_in_the_end(tmp_path: Path) -> None:
    placed: list[tuple[int, set[int]]] = []

    def place(thread: int, cpus: set[int]) -> None:
        placed.append((thread, cpus))

    for name, ran_ns in (("11", 500), ("12", 7), ("13", 900), ("9", 300)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "schedstat").write_text(f"{ran_ns} 0 1\n")
    delay = RunDelay(tmp_path)
    delay.spread(frozenset({4, 2}), place)
    delay.spread(frozenset({4, 2}), place)
    assert placed == [(11, {2}), (13, {4})]
    placed.clear()
    delay.close()
    assert sorted(placed) == [(11, {2, 4}), (13, {2, 4})]


def test_a_thread_that_starts_while_others_are_placed_does_not_keep_the_processor_of_its_parent(tmp_path: Path) -> None:
    """A runtime's pool that begins then would stand in line behind its own caller from then on, in later points too."""
    placed: list[tuple[int, set[int]]] = []
    for name in ("11", "12"):
        thread(tmp_path, name, 0)
    delay = RunDelay(tmp_path)
    thread(tmp_path, "13", 0)
    delay()
    assert placed == []
    delay.spread(frozenset({0, 1}), lambda number, cpus: placed.append((number, cpus)))
    placed.clear()
    thread(tmp_path, "14", 0)
    delay()
    delay()
    assert placed == [(14, {0, 1})]
    delay.close()


def test_on_one_processor_there_is_nothing_to_spread(tmp_path: Path) -> None:
    thread(tmp_path, "11", 0)
    delay = RunDelay(tmp_path)
    delay.spread(frozenset({0}), lambda *_: pytest.fail("placed"))
    delay.close()
