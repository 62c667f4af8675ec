"""A device of a Ray cluster by what Ray says of its tasks: which error means what, and what comes back; without Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from opbench import operator_files
from opbench.commands.sweep import places as typed
from opbench.commands.sweep.options import SweepOptions
from opbench.errors import MachineError, UsageError
from opbench.process.environment import revision
from opbench.running.workers.places import RayCluster
from opbench.running.workers.ray_cluster import Slot
from opbench.running.workers.ray_job import Answered, Job
from opbench.running.workers.ray_worker import RayWorker, job_of
from opbench.running.workers.worker import WorkerDiedError
from opbench.vocabulary.settings import Settings

from .scripted_workers import records, task

SLOT = Slot("id-a", "a", "cuda", 1, 0, 1)
TASK = task(7)


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        super().__init__("a traceback of the host's")
        self.cause = cause


@dataclass
class Ray:
    """What is used of it. raised: by `get`. alive: nodes that are there. asked, cancelled: what was."""

    raised: Exception | None = None
    alive: tuple[str, ...] = ("id-a",)
    asked: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[Any] = field(default_factory=list)
    exceptions: ClassVar[Any] = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def remote(self, **kept: Any) -> Callable[[Callable[[Job], Answered]], Any]:
        self.asked.append(kept)
        return lambda measured: SimpleNamespace(options=lambda **with_: self._remote(measured, with_))

    def _remote(self, measured: Callable[[Job], Answered], with_: dict[str, Any]) -> Any:
        self.asked.append(with_)
        return SimpleNamespace(remote=lambda job: lambda: measured(job))

    def get(self, asked: Callable[[], Answered]) -> Answered:
        if self.raised is not None:
            raise self.raised
        return asked()

    def cancel(self, asked: Any, force: bool) -> None:
        self.cancelled.append((asked, force))

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": name, "NodeManagerAddress": name, "Alive": name in self.alive, "Resources": {"CPU": 3, "GPU": 1}}
            for name in ("id-a", "id-b")
        ]


@pytest.fixture(autouse=True)
def strategies(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda node, soft: (node, soft))
    monkeypatch.setitem(sys.modules, "ray.util.scheduling_strategies", module)


def measured(job: Job) -> Answered:
    return Answered(records(job.task), "log\n", ("it waited",))


def worker(ray: Ray, told: list[str], log: list[str]) -> RayWorker:
    return RayWorker(ray, SLOT, job_of("cuda", Settings(), True), told.append, log.append, measured)


def test_a_point_is_one_task_of_its_slot_alone_and_all_it_says_comes_back() -> None:
    ray, told, log = Ray(), list[str](), list[str]()
    found = worker(ray, told, log).measure(TASK)
    assert [one.case.key for one in found] == [case.key for case in TASK.cases]
    assert (told, log) == (["a cuda:1: it waited"], ["log\n"])
    assert ray.asked == [
        {"max_calls": 0, "max_retries": 0},
        {"num_cpus": 0, "num_gpus": 1, "scheduling_strategy": ("id-a", False)},
    ]


@pytest.mark.parametrize(
    ("ray", "error", "said"),
    [
        (Ray(RayTaskError(UsageError("no such operator"))), UsageError, "^no such operator$"),
        (Ray(RayTaskError(ZeroDivisionError())), RayTaskError, "a traceback of the host's"),
        (Ray(RayError()), WorkerDiedError, r"its process died \(RayError\)"),
        (Ray(RayError(), alive=("id-b",)), MachineError, r"its node is gone \(RayError\)"),
    ],
)
def test_what_ends_a_task_is_told_from_what_ends_its_device(ray: Ray, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        worker(ray, [], []).measure(TASK)


def test_one_that_was_told_to_stop_measures_nothing_and_its_task_is_cancelled() -> None:
    ray = Ray()
    one = worker(ray, [], [])
    one.stop()
    assert ray.cancelled == []
    with pytest.raises(MachineError, match="a cuda:1 was told to stop"):
        one.measure(TASK)

    ray = Ray(RayError())
    one = worker(ray, [], [])
    ray.get = lambda asked: (one.stop(), Ray.get(ray, asked))[1]  # type: ignore[method-assign, func-returns-value]
    with pytest.raises(MachineError, match="told to stop"):
        one.measure(TASK)
    assert [force for _, force in ray.cancelled] == [True]
    one.close()


def test_jobs_carry_where_the_users_operators_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(operator_files.VARIABLE, "own.py")
    assert job_of("cpu", Settings(), False)(TASK) == Job(
        TASK, "cpu", Settings(), revision(), {operator_files.VARIABLE: "own.py"}, False
    )
    monkeypatch.delenv(operator_files.VARIABLE)
    assert job_of("cpu", Settings(), True)(TASK).variables == {}


def options(**given: Any) -> SweepOptions:
    chosen = {"on": "ray", "devices": (), "device": "auto", "accelerator": "", "with_ceilings": False, "wait": True}
    return SimpleNamespace(**chosen | given)  # type: ignore[return-value]


def test_a_sweep_on_ray_takes_what_its_living_nodes_have(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = Ray(alive=("id-b",))
    monkeypatch.setattr(typed, "connected", lambda: ray)
    place = typed.place_of(options())
    assert isinstance(place, RayCluster)
    assert (place.device, place.count, [slot.node for slot in place.slots]) == ("cuda", 1, ["id-b"])
    with place.held(pytest.fail, False):
        pass
    processors = typed.place_of(options(device="cpu"))
    assert (processors.device, processors.count) == ("cpu", 1)
    with pytest.raises(UsageError, match="no device 'tpu'"):
        typed.place_of(options(device="tpu"))
