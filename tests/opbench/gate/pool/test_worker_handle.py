"""A worker that hangs is killed and said to have hung; the clock that says so is given."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_handle import WorkerCrashError, WorkerHandle
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout

LIMIT_S = 3600.0

BENCHMARKS = """
import time
from pathlib import Path

def test_quick(benchmark):
    benchmark(lambda: None)

def test_hanging(benchmark):
    def hang():
        Path({hangs!r}).touch()
        time.sleep(100_000)

    benchmark(hang)
"""


class Clock:
    """From the moment at which the benchmark hangs, a limit and more goes by between any two readings."""

    def __init__(self, hangs: Path) -> None:
        self._hangs, self._ahead_s = hangs, 0.0

    def __call__(self) -> float:
        self._ahead_s += 2 * LIMIT_S * self._hangs.exists()
        return time.monotonic() + self._ahead_s


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerHandle]:
    hangs, tree = tmp_path / "hangs", tmp_path / "tree"
    tree.mkdir()
    (tree / "test_it.py").write_text(BENCHMARKS.format(hangs=str(hangs)))
    launch = LaunchConfig(("test_it.py",), None, 1, "cpu", tmp_path / "repository", LIMIT_S)
    checkouts: dict[Side, Checkout] = {"base": Checkout(Path(sys.executable), tree)}
    made = WorkerHandle(0, "base", checkouts, launch, clock=Clock(hangs))
    yield made
    made.close()


def test_one_that_hangs_is_killed_and_no_other_request_is_late(worker: WorkerHandle) -> None:
    ids = {listed["name"]: listed["id"] for listed in worker.ask({"list": {}})["benchmarks"]}
    assert "ready" in worker.ask({"begin": ids["test_quick"]})
    assert worker.ask({"finish": {}})["finished"]["outcome"] == "passed"
    assert not worker.crashed
    with pytest.raises(WorkerCrashError, match=r"hung: no answer in 3600 s \(--time-limit\)"):
        worker.ask({"begin": ids["test_hanging"]})
    assert worker.crashed
    assert not psutil.pid_exists(worker.pid)
