"""`opbench gate --calibrate` without its processes: what is recorded, what is printed of it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.errors import MachineError, UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.runs import calibrate as calibrating
from opbench.gate.runs.calibrate import SETTLING, calibrate
from opbench.gate.runs.calibration import ROUNDS, workers_needed
from opbench.gate.runs.options import GateOptions
from opbench.gate.samples import SIDES, Slice, StageSamples
from opbench.gate.stats.rule import DEFAULT

OPTIONS = GateOptions(
    paths=("bench",), base=None, head=None, base_json=(), head_json=(), calibrate=True, tolerance="3%", keyword=None,
    allow=None, install=None, device="cpu", threads=1, suites=7, results=Path("nowhere"), time_limit_s=60.0,
    as_json=False,
)  # fmt: skip
WORKERS = 2 * workers_needed(DEFAULT)


class Factory:
    """Workers whose calls take 1 ms each, a little more from worker to worker. measured: what was, for how long."""

    measured: list[tuple[str, int]]
    room = True

    def __init__(self, *_: Any) -> None:
        type(self).measured = []

    @contextmanager
    def start(self, per_side: int, stage: str) -> Iterator[Any]:
        assert (2 * per_side, stage) == (WORKERS, "calibrate")
        if not self.room:
            raise InsufficientMemoryError("0.5 GiB are free")
        yield SimpleNamespace(pool=self)

    def measure(self, benchmark: str, rounds: int, stage: str) -> StageSamples:
        self.measured.append((benchmark, rounds))
        slices = [
            Slice(worker, number, worker, 0.0, 5, (1e-3 * (1 + 1e-5 * worker),) * 3, 0.0, 0)
            for number in range(rounds)
            for worker in range(WORKERS)
        ]
        return StageSamples(benchmark, stage, {worker: SIDES[worker % 2] for worker in range(WORKERS)}, slices)


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> DryRun:
    """What the dry run shows: two benchmarks, which run through."""
    shown = DryRun([Benchmark("bench/test_it.py::test_a"), Benchmark("bench/test_it.py::test_b")])
    monkeypatch.setattr(calibrating, "dry_run", lambda *_: {"head": shown})
    monkeypatch.setattr(calibrating, "LiveWorkerFactory", Factory)
    monkeypatch.setattr(Factory, "room", True)
    return shown


def test_every_benchmark_is_recorded_once_workers_have_settled_and_has_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert calibrate(OPTIONS, DEFAULT) == 0
    first, second = "bench/test_it.py::test_a", "bench/test_it.py::test_b"
    assert Factory.measured == [(first, SETTLING), (first, ROUNDS), (second, ROUNDS)]
    said = capsys.readouterr()
    heading, alarms, *_ = said.out.splitlines()
    assert heading == (
        f"same code on both sides, 7 runs of 2 benchmarks replayed from {WORKERS} recorded workers, tolerance 3 %"
    )
    assert alarms.startswith("false alarms: 0 of 7 runs, under 35 % with 95 % confidence")  # 1 - 0.05 ** (1 / 7)
    rows = [line for line in said.out.splitlines() if line.startswith("test_")]
    assert [row.split()[:3] for row in rows] == [["test_a", "1", "ms"], ["test_b", "1", "ms"]]
    assert "replaying: 6 of 7" in said.err.splitlines()


def test_as_json_it_is_one_line_with_the_bound_and_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    calibrate(replace(OPTIONS, as_json=True, suites=1), DEFAULT)
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert (told["suites"], told["alarms"], told["upper_bound"]) == (1, 0, pytest.approx(0.95))
    assert len(told["lines"]) == 2
    assert said.err == ""


def test_what_does_not_run_through_has_no_noise_to_record(found: DryRun) -> None:
    found.failures["bench/test_it.py::test_b"] = BenchmarkFailure("bench/test_it.py::test_b", "failed", "assert 0")
    with pytest.raises(UsageError, match="test_b cannot be calibrated: assert 0"):
        calibrate(OPTIONS, DEFAULT)


def test_no_room_for_the_workers_is_the_machines_fault_and_no_suite_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Factory, "room", False)
    with pytest.raises(MachineError, match=rf"no memory to record {WORKERS // 2} \+ .*: 0\.5 GiB are free"):
        calibrate(OPTIONS, DEFAULT)
    with pytest.raises(UsageError, match="--suites 0: at least one run has to be replayed"):
        calibrate(replace(OPTIONS, suites=0), DEFAULT)
