"""Points on a Ray cluster of several nodes on one machine: the right device gets them, alone, and each once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from opbench.cli.progress import Reporter
from opbench.errors import MachineError
from opbench.planning.plan import Task
from opbench.planning.remaining import overview
from opbench.running.workers import ray_worker
from opbench.running.workers.pool_run import measure_with
from opbench.running.workers.ray_cluster import connected, slots
from opbench.running.workers.ray_job import Job, measure_job
from opbench.running.workers.ray_worker import RayWorker
from opbench.store.runs import Run
from opbench.vocabulary.settings import Settings

from .ray_jobs import DIES, FOLDER, scripted
from .scripted_workers import records, task

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install 'ray>=2.60'"),
]

ROOT = Path(__file__).parents[4]
TASKS = [task(number) for number in range(4)]
ALL = sorted(case.key for one in TASKS for case in one.cases)
STORE = {"object_store_memory": 80 << 20}
SOON = {"health_check_period_ms": 200, "health_check_failure_threshold": 3, "health_check_initial_delay_ms": 0}
"""A node that is lost is noticed in a second, not in half a minute."""

HEAD = {"num_cpus": 0, "num_gpus": 0, "include_dashboard": False, "_system_config": SOON, **STORE}


class Nodes:
    """A cluster with a node of two H200, one of an A100 and one of processors alone."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self.cluster: Any = Cluster(initialize_head=True, head_node_args=HEAD)
        self.add(num_cpus=1, num_gpus=2, resources={"accelerator_type:H200": 1})
        self.add(num_cpus=1, num_gpus=1, resources={"accelerator_type:A100": 1})
        self.add(num_cpus=2)
        self.cluster.wait_for_nodes()
        self.ray = connected(self.cluster.address)

    def add(self, **given: Any) -> Any:
        return self.cluster.add_node(**STORE, **given)

    def close(self) -> None:
        self.ray.shutdown()
        self.cluster.shutdown()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Nodes()
        yield made
        made.close()


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """What tasks said, a list of words each."""
    (folder := tmp_path / "said").mkdir()
    monkeypatch.setenv(FOLDER, str(folder))
    monkeypatch.delenv(DIES, raising=False)
    return lambda: [line.split() for line in (folder / "said.txt").read_text().splitlines()]


class Told(Reporter):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def go(
    nodes: Nodes,
    run: Run,
    device: str = "cuda",
    kind: str = "H200",
    tasks: Sequence[Task] = TASKS,
    told: Reporter | None = None,
) -> list[Task]:
    variables = {name: os.environ[name] for name in (FOLDER, DIES) if name in os.environ}

    def job(one: Task) -> Job:
        return Job(one, device, Settings(), "abc", variables)

    shown = told or Told()
    log = (run.folder / "worker.log").open("a")
    with run.journal() as journal, log:
        left = overview(list(tasks), journal.keys)
        chosen = slots(nodes.ray.nodes(), device, kind)
        workers = [RayWorker(nodes.ray, slot, job, shown.note, log.write, scripted) for slot in chosen]
        return measure_with(workers, list(tasks), left, journal, shown)


def keys(run: Run) -> list[str]:
    return sorted(record.case.key for record in run.records())


def alone(said: list[list[str]]) -> None:
    """No device began with a point before it had ended the one before."""
    busy: dict[str, str] = {}
    for what, device, number, *_ in said:
        if what == "begin":
            assert device not in busy, f"{device} measured {busy[device]} and {number} at once"
            busy[device] = number
        else:
            assert busy.pop(device) == number


@pytest.mark.parametrize(("device", "kind", "devices"), [("cuda", "H200", 2), ("cuda", "A100", 1), ("cpu", "", 3)])
def test_the_right_kind_gets_every_point_once_and_no_two_at_once(
    device: str, kind: str, devices: int, nodes: Nodes, said: Callable[[], list[list[str]]], tmp_path: Path
) -> None:
    run, told = Run(tmp_path), Told()
    assert go(nodes, run, device, kind, told=told) == []
    assert keys(run) == ALL
    assert Counter(int(number) for what, _, number, *_ in said() if what == "end") == Counter(range(len(TASKS)))
    used = {name for _, name, *_ in said()}
    assert 1 <= len(used) <= devices
    assert all(name.startswith(f"{kind or 'cpu'}#") for name in used)
    alone(said())
    assert sorted((run.folder / "worker.log").read_text().splitlines()) == [f"log of {n}" for n in range(len(TASKS))]
    assert sum("told of" in note for note in told.notes) == len(TASKS)
    here = {record.case.key: record.outcome for one in TASKS for record in records(one)}
    assert {record.case.key: record.outcome for record in run.records()} == here


def test_one_process_asks_for_all_points_of_a_device_and_sees_that_device_each_time(
    nodes: Nodes, said: Callable[[], list[list[str]]], tmp_path: Path
) -> None:
    assert go(nodes, Run(tmp_path), kind="A100") == []
    begun = [words for words in said() if words[0] == "begin"]
    assert len(begun) == len(TASKS)
    assert len({process for _, _, _, process, _ in begun}) == 1
    assert all(device.endswith(f"-{visible}") for _, device, _, _, visible in begun)


def test_a_point_whose_process_is_killed_is_measured_again_and_after_twice_it_is_left(
    nodes: Nodes, said: Callable[[], list[list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, told = Run(tmp_path), Told()
    monkeypatch.setenv(DIES, "1,3!")
    assert go(nodes, run, told=told) == [TASKS[3]]
    assert keys(run) == [key for key in ALL if "n=3" not in key]
    assert sum("its process died" in note and "it is measured again" in note for note in told.notes) == 2
    monkeypatch.delenv(DIES)
    assert go(nodes, run) == []
    assert keys(run) == ALL


class Losing(Told):
    """Takes a node away once the first case is on record."""

    def __init__(self, take: Callable[[], None]) -> None:
        super().__init__()
        self._take: Callable[[], None] | None = take

    def finished(self, record: object) -> None:
        if self._take is not None:
            take, self._take = self._take, None
            take()


def test_a_node_that_is_lost_costs_no_point(nodes: Nodes, said: Callable[[], list[list[str]]], tmp_path: Path) -> None:
    run = Run(tmp_path)
    lost = nodes.add(num_cpus=1, num_gpus=2, resources={"accelerator_type:H200": 1})
    nodes.cluster.wait_for_nodes()
    losing = Losing(lambda: nodes.cluster.remove_node(lost, allow_graceful=False))
    left = go(nodes, run, told=losing)
    if left:
        assert go(nodes, run) == []
    assert keys(run) == ALL
    assert {int(number) for what, _, number, *_ in said() if what == "end"} == set(range(len(TASKS)))


DRIVER = """
import os, sys, signal
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.opbench.running.workers import test_on_ray as on
from opbench.running.workers.ray_cluster import connected
from opbench.store.runs import Run

class Killed(on.Told):
    finished_cases = 0
    def finished(self, record):
        self.finished_cases += 1
        if self.finished_cases == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

class Found:
    ray = connected(sys.argv[3])

on.go(Found(), Run(Path(sys.argv[1])), told=Killed())
"""


def test_a_driver_that_is_killed_loses_no_record_and_the_next_goes_on(
    nodes: Nodes, said: Callable[[], list[list[str]]], tmp_path: Path
) -> None:
    run = Run(tmp_path)
    program = DRIVER.format(root=str(ROOT))
    for cases in (1, 3):
        words = [sys.executable, "-c", program, str(tmp_path), str(cases), nodes.cluster.address]
        ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert len(keys(run)) >= cases
    assert go(nodes, run) == []
    assert keys(run) == ALL


def test_what_a_task_refuses_is_one_line(nodes: Nodes, tmp_path: Path) -> None:
    (slot, *_) = slots(nodes.ray.nodes(), "cpu")
    worker = RayWorker(nodes.ray, slot, lambda one: Job(one, "cpu", Settings(), "another"), print, print, measure_job)
    with pytest.raises(MachineError, match=r"^.* has opbench .*, who asks has another; install the same$") as caught:
        worker.measure(TASKS[0])
    assert len(str(caught.value).splitlines()) == 1


def test_a_worker_that_was_stopped_asks_for_nothing(nodes: Nodes) -> None:
    (slot, *_) = slots(nodes.ray.nodes(), "cpu")
    worker = RayWorker(nodes.ray, slot, lambda one: Job(one, "cpu", Settings(), "another"), print, print, scripted)
    worker.stop()
    with pytest.raises(MachineError, match="was told to stop"):
        worker.measure(TASKS[0])


def test_jobs_carry_where_a_users_operators_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_OPERATORS", "/shared/my_ops.py")
    job = ray_worker.job_of("cpu", Settings(), False)(TASKS[0])
    assert job.variables == {"OPBENCH_OPERATORS": "/shared/my_ops.py"}
    assert json.dumps(dict(job.variables))
