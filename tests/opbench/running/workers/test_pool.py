"""Every task is measured once, by whoever is free; who is gone is left out, and after an error nobody goes on."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from opbench.errors import MachineError
from opbench.planning.plan import Task
from opbench.running.workers.pool import spread
from opbench.running.workers.worker import WorkerDiedError
from opbench.vocabulary.record import Record

from .scripted_workers import InTurn, Scripted, records, task

TASKS = [task(number) for number in range(7)]
DIED, GONE = WorkerDiedError("its process died"), MachineError("no such device")


class Kept:
    """What was kept, and by which thread."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.threads: set[int] = set()
        self.told: list[str] = []

    def __call__(self, found: Sequence[Record]) -> None:
        self.records += found
        self.threads.add(threading.get_ident())

    @property
    def keys(self) -> list[str]:
        return sorted(record.case.key for record in self.records)


def go(kept: Kept, *workers: Scripted, tasks: Sequence[Task] = TASKS) -> list[Task]:
    return spread(tasks, workers, kept, kept.told.append, InTurn)


ALL = sorted(case.key for one in TASKS for case in one.cases)


@pytest.mark.parametrize("count", [1, 2, 3, 11])
def test_every_task_is_kept_once_however_many_workers_there_are(count: int) -> None:
    kept, workers = Kept(), [Scripted(str(number)) for number in range(count)]
    assert go(kept, *workers) == []
    assert kept.keys == ALL
    assert sorted(number for worker in workers for number in worker.asked) == list(range(7))
    assert all(worker.closed and not worker.stopped for worker in workers)


def test_no_tasks_ask_nobody() -> None:
    kept, worker = Kept(), Scripted()
    assert go(kept, worker, tasks=[]) == []
    assert (kept.records, worker.asked, worker.closed) == ([], [], 1)


def test_a_task_whose_worker_died_is_measured_once_more() -> None:
    kept = Kept()
    one, two = Scripted("one", [DIED]), Scripted("two")
    assert go(kept, one, two) == []
    assert kept.keys == ALL
    assert sorted(one.asked + two.asked) == sorted([0, *range(7)])
    assert kept.told == [f"{TASKS[0].point}: its process died on one; it is measured again"]


def test_a_task_whose_worker_died_twice_is_left_and_the_rest_is_measured() -> None:
    kept, worker = Kept(), Scripted(script=[DIED, DIED])
    assert go(kept, worker) == [TASKS[0]]
    assert kept.keys == [key for key in ALL if "n=0" not in key]
    assert kept.told[-1].endswith("its process died on one, for the second time; --resume measures it")


def test_a_worker_whose_device_is_gone_is_left_out_and_its_task_is_not_lost() -> None:
    kept = Kept()
    one, two = Scripted("one", [None, GONE]), Scripted("two")
    assert go(kept, one, two) == []
    assert kept.keys == ALL
    assert len(one.asked) == 2
    assert kept.told == ["one measures no more: no such device"]


def test_where_no_device_is_left_the_run_ends_and_what_was_kept_stays() -> None:
    kept = Kept()
    one, two = Scripted("one", [None, GONE]), Scripted("two", [GONE])
    with pytest.raises(MachineError, match="no such device"):
        go(kept, one, two)
    assert len(kept.records) == 2
    assert (one.stopped, one.closed, two.stopped, two.closed) == (1, 1, 1, 1)


def test_where_records_cannot_be_kept_nobody_measures_on() -> None:
    def full(_: Sequence[Record]) -> None:
        raise MachineError("no space left")

    one, two = Scripted("one"), Scripted("two")
    with pytest.raises(MachineError, match="no space left"):
        spread(TASKS, (one, two), full, print, InTurn)
    assert len(one.asked) + len(two.asked) <= 2
    assert one.stopped == two.stopped == one.closed == two.closed == 1


def test_tasks_are_taken_when_somebody_is_free_for_them() -> None:
    """A plan makes them while they are measured."""
    made: list[int] = []

    def plan() -> object:
        for one in TASKS:
            made.append(one.point.axes["n"])
            yield one

    seen: list[int] = []
    worker = Scripted()
    spread(plan(), (worker,), lambda _: seen.append(len(made)), print, InTurn)  # type: ignore[arg-type]
    assert seen == list(range(1, 8))


class Meeting(Scripted):
    """Answers once all others have been asked too."""

    def __init__(self, name: str, barrier: threading.Barrier) -> None:
        super().__init__(name)
        self._barrier = barrier

    def measure(self, asked: Task) -> list[Record]:
        self._barrier.wait(60)
        return records(asked, self.name)


def test_workers_measure_at_the_same_time_and_one_thread_alone_keeps() -> None:
    kept, barrier = Kept(), threading.Barrier(2)
    assert spread(TASKS[:6], [Meeting("one", barrier), Meeting("two", barrier)], kept, print) == []
    assert len(kept.keys) == 12
    assert kept.threads == {threading.get_ident()}


class Endless(Scripted):
    """Measures until it is told to stop."""

    def __init__(self, name: str, started: threading.Event) -> None:
        super().__init__(name)
        self._started, self._end = started, threading.Event()

    def measure(self, asked: Task) -> list[Record]:
        self._started.set()
        assert self._end.wait(60)
        raise MachineError("was told to stop")

    def stop(self) -> None:
        super().stop()
        self._end.set()


def test_ctrl_c_ends_what_is_being_measured() -> None:
    started = threading.Event()
    endless, quick = Endless("one", started), Scripted("two")

    def interrupted(_: Sequence[Record]) -> None:
        assert started.wait(60)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spread(TASKS, (endless, quick), interrupted, print)
    assert endless.stopped == endless.closed == 1
