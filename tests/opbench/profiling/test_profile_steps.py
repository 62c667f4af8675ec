"""The steps of a profile after the measurement: with the threads of the record, and none of them costs another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opbench.case import Axes, Case, Point
from opbench.errors import MachineError, UsageError
from opbench.profiling import compiling, finding, nsight, perf_events, resources, traces
from opbench.profiling.compiling import CompileTimes
from opbench.profiling.counted import Counted
from opbench.profiling.finding import Wanted
from opbench.profiling.request import Request
from opbench.record import Record, Unavailable
from opbench.store import latest_run

from .commanding import profile


@pytest.mark.usefixtures("quick")
def test_every_process_is_asked_for_the_threads_that_the_record_was_measured_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []

    def says(name: str, answer: Any) -> Any:
        def counted(_: Case, __: float, threads: int) -> Any:
            asked.append((name, threads))
            return answer

        return counted

    monkeypatch.setattr(perf_events, "counted", says("perf", Counted("perf stat", {})))
    monkeypatch.setattr(nsight, "counted", says("ncu", Counted("ncu", {})))
    monkeypatch.setattr(compiling, "compile_times", says("compile", CompileTimes(7.0, 0.25, ())))
    profile(tmp_path, capsys, Wanted(ncu=True, perf=True, compile_times=True))
    (record,) = latest_run(tmp_path, "profile").records()
    assert asked == [(name, record.environment["threads"]) for name in ("ncu", "perf", "compile")]


def test_a_trace_is_recorded_with_the_threads_of_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []

    def refuses(request: Request, *_: object) -> None:
        asked.append(request)
        raise MachineError("for the tests")

    monkeypatch.setattr(traces, "run_once", refuses)
    case = Case(Point("liar", Axes({"size": 7})), "honest")
    with pytest.raises(MachineError, match="for the tests"):
        traces.trace_of(Record(case, Unavailable("for the tests"), {"threads": 2}, "r", "t"), 60)
    assert (asked[0].region, asked[0].threads) == ("trace", 2)


@pytest.mark.usefixtures("remembered")
def test_what_nobody_foresaw_costs_only_its_own_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("by zero\nand more")

    def is_wrong(*_: object) -> None:
        raise UsageError("no schedule")

    monkeypatch.setattr(traces, "trace_of", fails)
    monkeypatch.setattr(perf_events, "counted", fails)
    monkeypatch.setattr(nsight, "counted", is_wrong)
    monkeypatch.setattr(compiling, "compile_times", fails)
    monkeypatch.setattr(resources, "resources_of", fails)
    monkeypatch.setattr(finding, "write_report", fails)
    code, told, page = profile(tmp_path, capsys, Wanted(ncu=True, perf=True, compile_times=True))
    assert code == 0
    assert told["refusals"] == [
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
