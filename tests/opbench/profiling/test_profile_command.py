"""`opbench profile` from its words to its files; what cannot be had is a line, and the rest of the profile is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opbench.commands import profiling
from opbench.errors import MachineError
from opbench.profiling import compiling, perf_events, traces
from opbench.profiling.compiling import CompileTimes
from opbench.profiling.counted import Counted
from opbench.profiling.finding import Wanted
from opbench.store import latest_run

from .commanding import profile, run


def test_a_profile_is_a_run_with_a_page_a_table_and_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, page = profile(tmp_path, capsys)
    assert code == 0
    assert told["outcome"] == "measured"
    assert told["split"].keys() >= {"dispatch", "allocation", "data movement", "elementwise"}
    run = latest_run(tmp_path, "profile")
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {"records.jsonl", "environment.json", "table.csv", "report.html", "trace.json", "kernels.csv"}
    events = json.loads((run.folder / "trace.json").read_text())["traceEvents"]
    ranges = [one for one in events if one.get("cat") == "user_annotation" and "cross_hadamard" in one["name"]]
    assert len(ranges) >= 3
    assert "aten::mul" in (run.folder / "kernels.csv").read_text()
    for words in ("aten::mul", "ui.perfetto.dev", "PyTorch&#39;s allocator", "Where one call's time goes"):
        assert words in page
    assert "<script" not in page
    assert 'src="' not in page


@pytest.mark.usefixtures("quick")
def test_counters_and_compile_times_join_the_page_and_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted("perf stat", {"perf_page_faults": 3.0}, ("cycles: not supported",))
    monkeypatch.setattr(perf_events, "counted", lambda *_: counted)
    monkeypatch.setattr(compiling, "compile_times", lambda *_: CompileTimes(7.0, 0.25, ()))
    code, told, page = profile(tmp_path, capsys, Wanted(perf=True, compile_times=True))
    assert code == 0
    assert told["figures"]["perf_page_faults"] == 3.0
    figures, note = {"perf_page_faults": 3.0}, "cycles: not supported"
    assert told["counted"] == [{"tool": "perf stat", "figures": figures, "notes": [note]}]
    (record,) = latest_run(tmp_path, "profile").records()
    assert getattr(record.outcome, "figures", {})["perf_page_faults"] == 3.0
    for words in ("page faults", "cycles: not supported", "7.00 s", "250 ms"):
        assert words in page


@pytest.mark.usefixtures("quick")
def test_what_was_counted_is_told_in_the_terminal_beside_what_work_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted("perf stat", {"perf_page_faults": 3.0, "perf_llc_miss_bytes": 360.0}, ("cycles: not supported",))
    monkeypatch.setattr(perf_events, "counted", lambda *_: counted)
    code, told = run(tmp_path, capsys, Wanted(perf=True), as_json=False)
    assert code == 0
    ratio = "bytes of missed loads counted are 2 times those Work reads"  # 5 * 3 * 3 floats
    assert f"perf: 3 page faults, llc miss 360 B\n  {ratio}\n  cycles: not supported\n" in told
    assert ratio in (latest_run(tmp_path, "profile").folder / "profile.html").read_text()


@pytest.mark.usefixtures("remembered")
def test_what_cannot_be_had_is_one_line_and_the_rest_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MachineError("the disk is full of traces")

    monkeypatch.setattr(traces, "trace_of", fails)
    monkeypatch.setattr(perf_events, "counted", fails)
    code, told, page = profile(tmp_path, capsys, Wanted(perf=True))
    assert code == 0
    assert told["refusals"] == ["the disk is full of traces"] * 2
    assert "trace" not in told
    assert "the disk is full of traces" in page
    assert "Where one call" in page


def test_a_backend_that_cannot_run_here_exits_3_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, page = profile(tmp_path, capsys, Wanted(perf=True), backend="cupy_raw")
    assert code == 3
    assert told["outcome"] == "unavailable"
    assert "nothing was counted: the case was not measured" in told["refusals"]
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
    code, told, page = profile(tmp_path, capsys, device="cuda")
    assert code == 3
    assert "device 'cuda' is not available" in told["reason"]
    assert "device &#39;cuda&#39; is not available" in page
