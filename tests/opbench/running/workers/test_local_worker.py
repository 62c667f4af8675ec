"""Devices of this host: each has a process of its own that sees it alone, and one run gets all they find."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opbench.cli.progress import Reporter
from opbench.errors import MachineError, UsageError
from opbench.planning.remaining import overview
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.process.measuring_process import Death
from opbench.running.workers.device_list import DeviceUnit, device_units
from opbench.running.workers.local_worker import LocalWorker
from opbench.running.workers.places import Measuring, SeveralDevices
from opbench.running.workers.worker import WorkerDiedError
from opbench.store.runs import Run, new_run
from opbench.vocabulary.record import Measured
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Narrowing
from tests.answering import Answering

from .scripted_workers import task

BY = Narrowing(
    axes={"channels": (3, 5, 17), "edge": (5,), "batch": (1, 2)},
    operators=("cross_hadamard",),
    backends=("torch_eager", "torch_select"),
)
REQUEST = Request("channels", "cpu", "wall", 0.1, by=BY)
CPUS = sorted(os.sched_getaffinity(0))
UNITS = (DeviceUnit("cpu:0", frozenset(CPUS[:1])), DeviceUnit("cpu:1", frozenset(CPUS[-1:])))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))


class Noting(Reporter):
    def __init__(self, notes: list[str]) -> None:
        self.notes = notes

    def note(self, text: str) -> None:
        self.notes.append(text)


def sweep(run: Run, start: Callable[..., Any], settings: Settings | None = None, notes: list[str] | None = None) -> int:
    """Measure what is left of the request on two devices; how many tasks stayed unmeasured."""
    share = REQUEST.share(Shard())
    shown = Noting([] if notes is None else notes)
    with run.journal() as journal:
        left = overview(share.tasks, journal.keys)
        asked = Measuring(run, journal, share, left, settings or Settings(budget_s=0.1), shown)
        return len(SeveralDevices(UNITS, start).measure(asked))


def test_two_devices_share_a_sweep_and_every_case_has_one_record(tmp_path: Path) -> None:
    run, started = new_run(tmp_path, "channels"), list[Answering]()

    def start(*_: object, **__: object) -> Answering:
        started.append(Answering())
        return started[-1]

    assert sweep(run, start) == 0
    records = run.records()
    assert len(records) == len({record.case.key for record in records}) == REQUEST.share(Shard()).cases == 12
    assert sorted(key for process in started for key in process.asked) == sorted(record.case.key for record in records)
    assert {record.environment["measured_on"] for record in records} <= {"cpu:0", "cpu:1"}
    assert sweep(run, start) == 0
    assert len(run.records()) == 12


def test_a_process_has_the_processors_of_its_device_alone_and_this_one_keeps_its_own(tmp_path: Path) -> None:
    seen: list[tuple[set[int], dict[str, str]]] = []

    def start(_: object, variables: dict[str, str]) -> Answering:
        seen.append((os.sched_getaffinity(0), variables))
        return Answering()

    before = os.sched_getaffinity(0)
    assert sweep(new_run(tmp_path, "channels"), start) == 0
    assert os.sched_getaffinity(0) == before
    assert seen
    assert all(cpus in [set(unit.cpus) for unit in UNITS] and variables == {} for cpus, variables in seen)


class Dying(Answering):
    """Its process dies in every point, once, from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.died: set[str] = set()

    def measure(self, request: dict[str, Any], *given: object) -> dict[str, Any]:
        point = str(request["point"])
        if point not in self.died:
            self.died.add(point)
            raise Death("reference", "", "its process was killed by SIGKILL")
        return super().measure(request, *given)


def test_a_process_that_is_killed_in_every_point_costs_none(tmp_path: Path) -> None:
    run = new_run(tmp_path, "channels")
    assert sweep(run, Dying()) == 0
    assert all(isinstance(record.outcome, Measured) for record in run.records())
    assert len(run.records()) == 12


class Vanishing(Answering):
    """A device that is not there any more after so many starts."""

    def __init__(self, starts: int) -> None:
        super().__init__()
        self.starts = starts

    def hello(self, device: str, threads: int) -> dict[str, Any]:
        if self.started > self.starts:
            raise MachineError("PyTorch sees no CUDA device here")
        return super().hello(device, threads)


def test_a_device_that_vanishes_is_left_out_and_the_other_measures_all(tmp_path: Path) -> None:
    run, notes = new_run(tmp_path, "channels"), list[str]()
    assert sweep(run, Vanishing(1), notes=notes) == 0
    assert len(run.records()) == 12
    assert any("measures no more: PyTorch sees no CUDA device here" in note for note in notes)


def test_where_all_devices_vanish_the_run_says_so_and_can_be_gone_on_with(tmp_path: Path) -> None:
    run = new_run(tmp_path, "channels")
    with pytest.raises(MachineError, match="PyTorch sees no CUDA device here"):
        sweep(run, Vanishing(0))
    assert run.records() == []
    assert sweep(run, Answering()) == 0
    assert len(run.records()) == 12


def test_one_device_tries_again_before_it_is_given_up(tmp_path: Path) -> None:
    worker = LocalWorker(UNITS[0], Run(tmp_path), Settings(), Reporter(), Vanishing(0))
    with pytest.raises(WorkerDiedError, match="its process could not be used"):
        worker.measure(task(1))
    with pytest.raises(MachineError, match="no CUDA device"):
        worker.measure(task(1))
    worker.close()


def test_who_is_told_to_stop_kills_its_process_and_starts_none(tmp_path: Path) -> None:
    killed: list[int] = []
    process = Answering()
    process.kill = lambda: killed.append(1)  # type: ignore[method-assign]
    worker = LocalWorker(UNITS[0], Run(tmp_path), Settings(), Reporter(), process)
    assert len(worker.measure(task(1))) == 2
    worker.stop()
    assert killed
    process.measure = Dying().measure  # type: ignore[method-assign]
    with pytest.raises(MachineError, match="was told to stop"):
        worker.measure(task(2))
    assert process.started == 1
    worker.close()


def test_more_threads_than_a_device_has_processors_are_refused(tmp_path: Path) -> None:
    if len(CPUS) < 2:
        pytest.skip("this process may use one processor only, and settings of two threads need two")
    with pytest.raises(UsageError, match="--threads is 2, and cpu:0 has 1 processors"):
        sweep(new_run(tmp_path, "channels"), Answering(), Settings(threads=2))


def test_the_devices_named_are_the_ones_that_are_locked() -> None:
    units = device_units([f"cpu:{CPUS[0]}"])
    place = SeveralDevices(units)
    assert (place.device, place.count) == ("cpu", 1)
    with (
        place.held(print, False),
        pytest.raises(MachineError, match="measuring on cpu since"),
        place.held(print, False),
    ):
        pytest.fail("measured beside another")
