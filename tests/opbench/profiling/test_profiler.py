"""The steps of a profile after the measurement: with the threads of the record, and none of them costs another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opbench.errors import MachineError, UsageError
from opbench.profiling import compile_times, kernel_resources, profiler, recorded_trace
from opbench.profiling.compile_times import CompileTimes
from opbench.profiling.hardware_counters import ncu, perf_stat
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.profiler import OptionalSteps
from opbench.profiling.target.request import TargetRequest
from opbench.store.runs import latest_run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable

from .profile_command import profile


@pytest.mark.usefixtures("quick")
def test_every_process_is_asked_for_the_threads_that_the_record_was_measured_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads_asked: list[tuple[str, Any]] = []

    def answers(tool: str, answer: Any) -> Any:
        def count(_: Case, __: float, threads: int) -> Any:
            threads_asked.append((tool, threads))
            return answer

        return count

    monkeypatch.setattr(perf_stat, "count_with_perf", answers("perf", CounterValues("perf stat", {})))
    monkeypatch.setattr(ncu, "count_with_ncu", answers("ncu", CounterValues("ncu", {})))
    monkeypatch.setattr(compile_times, "measure_compile_times", answers("compile", CompileTimes(7.0, 0.25, ())))
    profile(tmp_path, capsys, OptionalSteps(ncu=True, perf=True, compile_times=True))
    (record,) = latest_run(tmp_path, "profile").records()
    assert threads_asked == [(tool, record.environment["threads"]) for tool in ("ncu", "perf", "compile")]


def test_a_trace_is_recorded_with_the_threads_of_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[TargetRequest] = []

    def refuses(request: TargetRequest, *_: object) -> None:
        requests.append(request)
        raise MachineError("for the tests")

    monkeypatch.setattr(recorded_trace, "run_target", refuses)
    case = Case(Point("liar", Axes({"size": 7})), "honest")
    with pytest.raises(MachineError, match="for the tests"):
        recorded_trace.record_trace(Record(case, Unavailable("for the tests"), {"threads": 2}, "r", "t"), 60)
    assert (requests[0].region, requests[0].threads) == ("trace", 2)


@pytest.mark.usefixtures("remembered")
def test_what_nobody_foresaw_costs_only_its_own_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("by zero\nand more")

    def is_wrong(*_: object) -> None:
        raise UsageError("no schedule")

    monkeypatch.setattr(recorded_trace, "record_trace", fails)
    monkeypatch.setattr(perf_stat, "count_with_perf", fails)
    monkeypatch.setattr(ncu, "count_with_ncu", is_wrong)
    monkeypatch.setattr(compile_times, "measure_compile_times", fails)
    monkeypatch.setattr(kernel_resources, "kernel_resources_of", fails)
    monkeypatch.setattr(profiler, "write_report", fails)
    code, facts, page = profile(tmp_path, capsys, OptionalSteps(ncu=True, perf=True, compile_times=True))
    assert code == 0
    assert facts["refusals"] == [
        "recording a trace: ZeroDivisionError: by zero",
        "no schedule",
        "counting with perf: ZeroDivisionError: by zero",
        "preparing twice, first with empty caches: ZeroDivisionError: by zero",
        "asking what its kernels take of a GPU: ZeroDivisionError: by zero",
        "writing the report: ZeroDivisionError: by zero",
    ]
    assert "counting with perf: ZeroDivisionError" in page


@pytest.mark.parametrize("wrong", [{"backend": "cpp_ext:none"}, {"axes": {"sizes": (3,)}}, {"device": "tpu"}])
def test_a_wrong_request_is_refused_before_anything_is_measured_or_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        profile(tmp_path / "results", capsys, **wrong)
    assert not (tmp_path / "results").exists()
