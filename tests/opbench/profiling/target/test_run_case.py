"""One case in a process of its own: what it answers, and what of its time is an import."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import torch

from opbench import catalog, simulation
from opbench.errors import MachineError, OpbenchError
from opbench.process.environment import PINNED
from opbench.profiling.target import launch_calls, run_case, trace_recorder
from opbench.profiling.target.import_timer import ImportTimer
from opbench.profiling.target.request import TargetRequest, range_name, request_from_json
from opbench.profiling.target.spawn import TargetResult, read_answer, run_target, scratch_folder
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Unavailable

CASE = Case(Point("liar", Axes({"size": 7}), mode="out"), "honest:fast", replica=1)


def lies(backend: str, mode: str = "forward") -> Case:
    """One of the cheats, at seven doubled numbers."""
    return Case(Point("liar", Axes({"size": 7}), mode=mode), backend)


def test_a_request_survives_its_way_to_another_process(tmp_path: Path) -> None:
    request = TargetRequest(CASE, tmp_path, calls=3, fill_s=0.1, region="cuda", threads=2)
    assert request_from_json(request.to_json()) == request


@pytest.mark.parametrize("text", ["", "[" * 100_000, '"3"', "[3]", "{"])
def test_what_is_no_answer_counts_as_none(text: str, tmp_path: Path) -> None:
    """The backend runs in that process, and may write there."""
    (tmp_path / "answer.json").write_text(text)
    assert read_answer(tmp_path / "answer.json") is None
    assert read_answer(tmp_path / "none.json") is None


@pytest.mark.parametrize("calls", [None, 0, -1, True, 3.5, "3"])
def test_calls_that_nobody_made_are_refused(calls: object) -> None:
    with pytest.raises(MachineError, match=r"^ncu: the process answered .* calls; expected 1 or more"):
        TargetResult({"calls": calls}, 0, "").calls_or_raise("ncu")
    assert TargetResult({"calls": 3}, 0, "").calls_or_raise("ncu") == 3


def test_a_range_is_named_in_characters_that_no_filter_reads_as_its_own() -> None:
    assert range_name(CASE) == "liar_float32_cpu_out_wall_size_7_honest_fast_2"


@pytest.mark.parametrize("mode", ["forward", "out"])
def test_exactly_the_calls_asked_for_are_in_the_region(
    liar: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    monkeypatch.setattr(launch_calls, "call_launch", lambda _, calls, __: batches.append(calls))
    answer = run_case.run(TargetRequest(lies("honest", mode), tmp_path, calls=5))
    assert answer["calls"] == batches[-1] == 5
    assert set(batches[:-1]) == {1}  # the first call and the warm-up


def test_calls_fill_the_time_asked_for(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_calls, "warm_up", lambda *_: 0.04)
    batches: list[int] = []
    monkeypatch.setattr(launch_calls, "call_launch", lambda _, calls, __: batches.append(calls))
    assert run_case.run(TargetRequest(lies("honest"), Path(), fill_s=0.4))["calls"] == batches[-1] == 10
    monkeypatch.setattr(launch_calls, "warm_up", lambda *_: 40.0)
    assert run_case.run(TargetRequest(lies("honest"), Path(), fill_s=0.4))["calls"] == 1


def test_a_trace_is_one_more_region_of_the_same_process(liar: str) -> None:
    with scratch_folder() as folder:
        answer = run_target(TargetRequest(lies("honest"), folder, calls=4, region="trace"), 100).answer_or_raise(
            "trace"
        )
        events = json.loads((folder / "trace.json").read_text())["traceEvents"]
    assert answer["calls"] == 4
    assert answer.keys() >= {"prepare_s", "process_bytes"}
    assert sum(event.get("name") == range_name(lies("honest")) for event in events) == 4


def test_every_region_is_called_with_the_threads_that_the_record_names(
    liar: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up: list[tuple[str, int]] = []
    monkeypatch.setattr(run_case, "set_up", lambda device, threads: set_up.append((device, threads)))
    monkeypatch.setattr(trace_recorder, "record_trace", lambda *_: {})
    for region in ("none", "trace"):
        run_case.run(TargetRequest(lies("honest"), tmp_path, calls=1, region=region, threads=3))
    assert set_up == [("cpu", 3)] * 2


def test_the_warm_up_lasts_and_tells_the_fastest_call(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.0, 9.0, 9.0, 10.0, 10.0, 10.0, 14.0, 15.0])
    monkeypatch.setattr(launch_calls, "perf_counter", lambda: next(moments))
    assert launch_calls.warm_up(torch.zeros(1).clone, "cpu", 15.0) == 1.0


def test_a_case_that_ends_its_process_is_one_line_saying_so(liar: str) -> None:
    with scratch_folder() as folder, pytest.raises(MachineError, match="ended with code -9 and no answer") as refused:
        run_target(TargetRequest(lies("dies"), folder), 100).answer_or_raise("profiling")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("backend", "reason"), [("raises", "raises: RuntimeError"), ("none", "no backend 'none'")])
def test_a_case_that_cannot_be_run_is_one_line_saying_so(liar: str, backend: str, reason: str, tmp_path: Path) -> None:
    request = TargetRequest(lies(backend), tmp_path)
    code = run_case.main(request.to_json())
    assert code != 0
    answer = json.loads(request.answer_file.read_text(encoding="utf-8"))
    with pytest.raises(MachineError, match=reason) as refused:
        TargetResult(answer, code, "").answer_or_raise("profiling")
    assert "\n" not in str(refused.value)


def test_a_compilers_own_words_are_told_from_below_the_first_line() -> None:
    failure = run_case._failure(
        RuntimeError("C++ compile error\n\nCommand:\n g++ a.cpp\n a.cpp:1: fatal error: no space\nmore")
    )
    assert failure == "RuntimeError: C++ compile error: a.cpp:1: fatal error: no space"
    assert run_case._failure(OSError()) == "OSError: no reason"


def test_a_device_that_is_absent_is_said_before_anything_is_prepared(liar: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU on this machine")
    case = lies("honest")
    with pytest.raises(MachineError, match="PyTorch sees no CUDA device"):
        run_case.run(TargetRequest(replace(case, point=replace(case.point, device="cuda")), Path()))


def over_once(done: Callable[[], bool], limits_s: list[float]) -> Callable[[subprocess.Popen[bytes], float], None]:
    """A wait whose time is over as soon as the process has done that, and not before. Keeps the seconds asked for."""

    def wait(process: subprocess.Popen[bytes], limit_s: float) -> None:
        limits_s.append(limit_s)
        while not done():
            assert process.poll() is None, "it ended before"
        raise subprocess.TimeoutExpired("", limit_s)

    return wait


def test_what_takes_too_long_is_ended_with_everything_it_started(liar: str, tmp_path: Path) -> None:
    started, limits_s = tmp_path / "pid", list[float]()
    hanging = ["sh", "-c", f'sleep 100000 & echo $! > {started}.new; mv {started}.new {started}; wait; "$@"', "sh"]
    with scratch_folder() as folder, pytest.raises(MachineError, match=r"sh on honest: not done within 0.5 s"):
        run_target(TargetRequest(lies("honest"), folder), 0.5, hanging, wait=over_once(started.exists, limits_s))
    with scratch_folder() as folder, pytest.raises(MachineError, match=r"^tracing hangs: not done within 7 s"):
        run_target(TargetRequest(lies("hangs"), folder, region="trace"), 7, wait=over_once(lambda: True, limits_s))
    assert limits_s == [0.5, 7]
    status = Path(f"/proc/{started.read_text().strip()}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_without_a_wait_of_its_own_the_seconds_are_the_systems(liar: str, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"sh on honest: not done within 0.01 s"):
        run_target(TargetRequest(lies("honest"), tmp_path), 0.01, ["sh", "-c", "sleep 100000", "sh"])


def test_the_process_runs_pinned_and_with_what_is_added(tmp_path: Path) -> None:
    shown = ["sh", "-c", "env; exit 7"]
    result = run_target(TargetRequest(CASE, tmp_path), 10, shown, {"ADDED": "1"})
    assert result.exit_code == 7
    assert {f"{name}={value}" for name, value in PINNED.items()} | {"ADDED=1"} <= set(result.output.splitlines())


def test_a_disk_that_cannot_be_written_is_one_line_with_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(MachineError, match=r"cannot write to .*file: Not a directory; set TMPDIR"), scratch_folder():
        pass


def test_only_imports_are_imports_and_nested_ones_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "counts_outer.py").write_text("import counts_inner\n")
    (tmp_path / "counts_inner.py").write_text("")
    ticks = iter(range(100))
    try:
        with ImportTimer(clock=lambda: float(next(ticks))) as imports:
            assert imports.seconds == 0
            import_module("counts_outer")
            assert imports.seconds == 1  # one start and one end
            import_module("counts_outer")
            exec("x = 1")
            assert imports.seconds == 1
    finally:
        for name in ("counts_outer", "counts_inner"):
            sys.modules.pop(name, None)


ADMITTED = Backend("for the tests", lambda *_: lambda: torch.empty(0))


@pytest.mark.parametrize(
    ("found", "dtype", "said"),
    [
        (Unavailable("no compiler here"), "float32", "^honest: no compiler here$"),
        (ADMITTED, "int8", "^liar takes .*, not int8$"),
        (replace(ADMITTED, devices=frozenset({"cuda"})), "float32", "^honest: runs on cuda, not on cpu$"),
        (
            replace(ADMITTED, simulator="a pencil", devices=frozenset({"cuda"})),
            "float32",
            r"simulated \(a pencil\); there",
        ),
    ],
)
def test_what_is_no_case_to_be_counted_or_timed_is_refused(
    found: Backend | Unavailable, dtype: str, said: str, liar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "pencil" in said:
        monkeypatch.setenv(simulation.SWITCH, "1")
    monkeypatch.setattr(catalog, "backend", lambda *_: found)
    case = lies("honest")
    with pytest.raises(OpbenchError, match=said):
        run_case._admit(catalog.operator(liar), replace(case, point=replace(case.point, dtype=dtype)))
