"""`opbench profile` from its words to its files; what cannot be had is a line, and the rest of the profile is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opbench.commands.profile import run as profiling
from opbench.errors import MachineError
from opbench.profiling import compile_times, recorded_trace
from opbench.profiling.compile_times import CompileTimes
from opbench.profiling.hardware_counters import perf_stat
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.profiler import OptionalSteps
from opbench.store.runs import latest_run

from .profile_command import profile, run


def test_a_profile_is_a_run_with_a_page_a_table_and_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, facts, page = profile(tmp_path, capsys)
    assert code == 0
    assert facts["outcome"] == "measured"
    assert facts["split"].keys() >= {"dispatch", "allocation", "data movement", "elementwise"}
    run = latest_run(tmp_path, "profile")
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {"records.jsonl", "environment.json", "table.csv", "report.html", "trace.json", "kernels.csv"}
    events = json.loads((run.folder / "trace.json").read_text())["traceEvents"]
    ranges = [event for event in events if event.get("cat") == "user_annotation" and "cross_hadamard" in event["name"]]
    assert len(ranges) >= 3
    assert "aten::mul" in (run.folder / "kernels.csv").read_text()
    for words in ("aten::mul", "ui.perfetto.dev", "PyTorch&#39;s allocator", "Where one call's time goes"):
        assert words in page
    assert "<script " not in page
    assert 'src="' not in page


@pytest.mark.usefixtures("quick")
def test_counters_and_compile_times_join_the_page_and_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = CounterValues("perf stat", {"perf_page_faults": 3.0}, ("cycles: not supported",))
    monkeypatch.setattr(perf_stat, "count_with_perf", lambda *_: counted)
    monkeypatch.setattr(compile_times, "measure_compile_times", lambda *_: CompileTimes(7.0, 0.25, ()))
    code, facts, page = profile(tmp_path, capsys, OptionalSteps(perf=True, compile_times=True))
    assert code == 0
    assert facts["figures"]["perf_page_faults"] == 3.0
    figures, note = {"perf_page_faults": 3.0}, "cycles: not supported"
    assert facts["counted"] == [{"tool": "perf stat", "figures": figures, "notes": [note]}]
    (record,) = latest_run(tmp_path, "profile").records()
    assert getattr(record.outcome, "figures", {})["perf_page_faults"] == 3.0
    for words in ("page faults", "cycles: not supported", "7.00 s", "250 ms"):
        assert words in page


@pytest.mark.usefixtures("quick")
def test_what_was_counted_is_told_in_the_terminal_beside_what_work_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = CounterValues(
        "perf stat", {"perf_page_faults": 3.0, "perf_llc_miss_bytes": 360.0}, ("cycles: not supported",)
    )
    monkeypatch.setattr(perf_stat, "count_with_perf", lambda *_: counted)
    code, printed = run(tmp_path, capsys, OptionalSteps(perf=True), as_json=False)
    assert code == 0
    ratio = "bytes of missed loads counted are 2 times those Work reads"  # 5 * 3 * 3 floats
    assert f"perf: 3 page faults, llc miss 360 B\n  {ratio}\n  cycles: not supported\n" in printed
    assert ratio in (latest_run(tmp_path, "profile").folder / "profile.html").read_text()


@pytest.mark.usefixtures("remembered")
def test_what_cannot_be_had_is_one_line_and_the_rest_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MachineError("the disk is full of traces")

    monkeypatch.setattr(recorded_trace, "record_trace", fails)
    monkeypatch.setattr(perf_stat, "count_with_perf", fails)
    code, facts, page = profile(tmp_path, capsys, OptionalSteps(perf=True))
    assert code == 0
    assert facts["refusals"] == ["the disk is full of traces"] * 2
    assert "trace" not in facts
    assert "the disk is full of traces" in page
    assert "Where one call" in page


def test_a_backend_that_cannot_run_here_exits_3_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, facts, page = profile(tmp_path, capsys, OptionalSteps(perf=True), backend="cupy_raw")
    assert code == 3
    assert facts["outcome"] == "unavailable"
    assert "nothing was counted: the case was not measured" in facts["refusals"]
    assert "Not measured (unavailable)" in page


@pytest.mark.gpu
def test_a_gpu_profile_says_what_kernels_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, page = profile(tmp_path, capsys, device="cuda")
    assert code == 0
    assert "Kernels of one call" in page


def test_a_device_that_is_not_here_exits_3_and_has_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> str:
        raise MachineError("device 'cuda' is not available")

    monkeypatch.setattr(profiling, "resolve_device", missing)
    code, facts, page = profile(tmp_path, capsys, device="cuda")
    assert code == 3
    assert "device 'cuda' is not available" in facts["reason"]
    assert "device &#39;cuda&#39; is not available" in page
