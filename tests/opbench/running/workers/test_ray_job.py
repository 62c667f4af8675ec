"""What a task of Ray does with a job, without Ray: the point's process is its own, and nothing of a job stays."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from opbench import operator_files
from opbench.errors import MachineError
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.process.environment import PINNED, revision
from opbench.process.forking import Forking
from opbench.running.workers import ray_job
from opbench.running.workers.ray_job import (
    VISIBLE,
    Answered,
    Job,
    as_parent,
    lock_name_apart,
    measure_job,
    measure_task,
)
from opbench.store.environment_facts import MOVING
from opbench.vocabulary.record import Failed, Measured
from opbench.vocabulary.settings import Settings

OPERATOR = """
import os, sys
import opbench, torch

@opbench.operator(axes={"n": 5}, check=[{"n": 1}])
def doubled(x):
    return x + x

@doubled.inputs
def inputs(n):
    return torch.randn(n)

@doubled.backend("tells", prepares=True)
def tells(x):
    print("process", os.getpid(), "compiler", "torch._dynamo" in sys.modules)
    return lambda: 2 * x

@doubled.backend("dies", prepares=True)
def dies(x):
    os.abort()
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Answered]]:
    """Of two points whose operator stands in a file that the jobs bring, measured by one process of Ray."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "my_ops.py").write_text(OPERATOR)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OPBENCH_LOCKS", str(folder))
        patched.setenv("OPBENCH_CACHE", str(folder / "cache"))
        patched.setenv(operator_files.VARIABLE, str(folder / "my_ops.py"))
        tasks = list(Request(str(folder / "my_ops.py"), "cpu", "wall", 0.01).share(Shard()).tasks)
        patched.delenv(operator_files.VARIABLE)
        patched.setattr(ray_job, "FORKING", forking := Forking())
        settings, known = Settings(budget_s=0.01, threads=1, count=False), revision()
        variables = {operator_files.VARIABLE: str(folder / "my_ops.py")}
        jobs = [Job(task, "cpu", settings, known, variables) for task in tasks * 2]
        yield [measure_job(job) for job in jobs]
        assert operator_files.VARIABLE not in os.environ
        forking.close()


def test_an_operator_in_a_file_is_measured_and_what_kills_its_process_is_recorded(answers: list[Answered]) -> None:
    for answered in answers:
        outcomes = {record.case.label: record.outcome for record in answered.records}
        assert {label: type(outcome) for label, outcome in outcomes.items()} == {
            "eager": Measured,
            "tells": Measured,
            "dies": Failed,
        }
        assert "SIGABRT" in str(outcomes["dies"])
        assert answered.told == ()


def test_each_point_has_processes_of_its_own_without_the_compiler(answers: list[Answered]) -> None:
    told = [line.split() for answered in answers for line in answered.log.splitlines() if line.startswith("process")]
    assert {words[3] for words in told} == {"False"}
    first, second = ({line for line in answered.log.splitlines() if "process" in line} for answered in answers)
    assert first
    assert second
    assert not first & second


def test_what_is_forked_has_what_a_process_that_is_started_would_have(answers: list[Answered]) -> None:
    for record in answers[1].records:
        assert record.environment["pinned"] == PINNED
        assert record.environment["start"] == "forked"
        assert record.environment["threads"] == 1
    one, two = ({**answered.records[0].environment} for answered in answers)
    assert {name: text for name, text in one.items() if name not in MOVING} == {
        name: text for name, text in two.items() if name not in MOVING
    }


def test_a_host_with_another_opbench_measures_nothing(answers: list[Answered]) -> None:
    task = SimpleNamespace()
    with pytest.raises(MachineError, match="who asks has another; install the same"):
        measure_job(replace(Job(task, "cpu", Settings(), "another")))  # type: ignore[arg-type]


def test_a_gpu_is_asked_for_its_name_once_and_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(words: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(env[VISIBLE])
        return subprocess.CompletedProcess(words, 0, f"GPU-{env[VISIBLE]}\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    ray_job._gpu_name.cache_clear()
    for number in ("0", "1", "0"):
        monkeypatch.setenv(VISIBLE, number)
        assert lock_name_apart("cuda") == f"GPU-{number}"
    assert asked == ["0", "1"]
    assert lock_name_apart("cpu") == "cpu"
    ray_job._gpu_name.cache_clear()


def test_a_gpu_that_has_no_name_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Traceback:\n  ...\nopbench.errors.MachineError: torch 2.13 sees no CUDA device here\n"
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 1, "", said))
    monkeypatch.setenv(VISIBLE, "7")
    ray_job._gpu_name.cache_clear()
    with pytest.raises(
        MachineError, match=rf"^no GPU can be used with {VISIBLE}='7': torch 2.13 sees no CUDA device here$"
    ):
        lock_name_apart("cuda")


@pytest.mark.parametrize(("own", "parent", "becomes"), [(19, 5, 5), (15, 0, 0), (0, 0, 0), (0, 10, 0)])
def test_what_measures_has_the_priority_of_what_started_it_where_its_own_is_lower(
    own: int, parent: int, becomes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    niceness = {0: own, os.getppid(): parent}
    monkeypatch.setattr(os, "getpriority", lambda _, process: niceness[process])
    monkeypatch.setattr(os, "setpriority", lambda _, process, wanted: niceness.update({process: wanted}))
    assert as_parent() == ""
    assert niceness[0] == becomes


def test_a_priority_that_may_not_be_raised_is_told_with_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "getpriority", lambda _, process: 0 if process else 15)
    monkeypatch.setattr(os, "setpriority", refused)
    monkeypatch.setattr(ray_job, "measure_job", lambda _: Answered([], told=("a wait",)))
    assert measure_task(None).told == (  # type: ignore[arg-type]
        "a wait",
        "measured with niceness 15, after all else there; start Ray there with RAY_worker_niceness=0",
    )
