"""ncu's CSV to figures, the command that asks for it, and what is said where it is missing, refused or saw nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from opbench.errors import MachineError
from opbench.profiling.hardware_counters import ncu
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.hardware_counters.ncu import METRICS, figures_per_call, missing_notes, read_kernels
from opbench.profiling.target import run_case
from opbench.profiling.target.request import TargetRequest, range_name
from opbench.vocabulary.case import Axes, Case, Point

STALL = "smsp__average_warps_issue_stalled_{}_per_issue_active.ratio"
COLUMNS = (
    '"ID","Kernel Name","Block Size","dram__bytes_read.sum","dram__bytes_write.sum","gpu__time_duration.sum",'
    '"launch__registers_per_thread","sm__warps_active.avg.pct_of_peak_sustained_active",'
    f'"{STALL.format("long_scoreboard")}","{STALL.format("wait")}"'
)

CSV = f"""\
==PROF== Connected to process 1234 (/usr/bin/python3)
==PROF== Profiling "flat": 0%....50%....100% - 9 passes
{COLUMNS}
"","","","byte","byte","ns","register/thread","%","inst","inst"
"0","flat(float const*, int)","(256, 1, 1)","2,000,000","1,000","3,000","40","75.00","6","1"
"1","sums","(32, 4, 1)","400","600","1,000","32","25.00","2","n/a"
"2","flat(float const*, int)","(256, 1, 1)","2,000,000","1,000","3,000","40","75.00","6","1"
"3","sums","(32, 4, 1)","400","600","1,000","32","25.00","2","n/a"
==PROF== Disconnected from process 1234
"""


def test_bytes_and_durations_are_sums_over_the_kernels_of_a_call() -> None:
    found = figures_per_call(read_kernels(CSV), 2)
    assert found["ncu_kernels"] == 2
    assert found["ncu_dram_read_bytes"] == 2000400
    assert found["ncu_dram_written_bytes"] == 1600
    assert found["ncu_dram_bytes"] == 2002000
    assert found["ncu_duration_s"] == pytest.approx(4e-6)


def test_occupancy_and_stalls_are_weighted_by_the_kernels_durations() -> None:
    found = figures_per_call(read_kernels(CSV), 2)
    assert found["ncu_achieved_occupancy"] == pytest.approx((3 * 0.75 + 0.25) / 4)
    assert found["ncu_stall_long_scoreboard"] == pytest.approx((3 * 6 + 2) / 4)
    assert found["ncu_stall_wait"] == pytest.approx(1)  # of those that have it


def test_a_launch_is_that_of_the_longest_kernel() -> None:
    assert figures_per_call(read_kernels(CSV), 2)["ncu_registers_per_thread"] == 40


def test_the_unit_row_is_believed() -> None:
    scaled = CSV.replace('"byte","byte","ns"', '"Mbyte","Kbyte","us"')
    found = figures_per_call(read_kernels(scaled), 2)
    assert found["ncu_dram_read_bytes"] == pytest.approx(2000400e6)
    assert found["ncu_dram_written_bytes"] == pytest.approx(1600e3)
    assert found["ncu_duration_s"] == pytest.approx(4e-3)


def test_what_was_not_measured_for_every_kernel_is_no_sum_and_noted() -> None:
    partly = read_kernels(CSV.replace('"400","600"', '"n/a","600"'))
    found = figures_per_call(partly, 2)
    assert not {"ncu_dram_read_bytes", "ncu_dram_bytes", "ncu_l2_bytes"} & found.keys()
    assert found["ncu_dram_written_bytes"] == 1600
    (note,) = missing_notes(partly)
    assert "dram__bytes_read.sum" in note
    assert "dram__bytes_write.sum" not in note


def test_the_largest_five_reasons_to_stall_are_told_largest_first() -> None:
    names = ["barrier", "drain", "wait", "misc", "membar", "sleeping", "lg_throttle"]
    kernel = {STALL.format(name): float(size) for size, name in enumerate(names)} | {"gpu__time_duration.sum": 1.0}
    told = [name for name in figures_per_call([kernel], 1) if name.startswith("ncu_stall_")]
    assert told == [f"ncu_stall_{name}" for name in reversed(names[2:])]


@pytest.mark.parametrize("text", ["", "==WARNING== No kernels were profiled.\n", f"{COLUMNS}\n"])
def test_without_rows_there_are_no_kernels(text: str) -> None:
    assert read_kernels(text) == []


def test_a_table_that_is_none_is_refused_and_no_figure_is_endless() -> None:
    with pytest.raises(MachineError, match=r"^ncu: its table cannot be read"):
        read_kernels(CSV.replace("sums", "s" * 200_000))
    told = read_kernels(CSV.replace('"3,000"', '"inf"').replace('"75.00"', '"nan"'))
    assert [len(kernel) for kernel in told] == [5, 6, 5, 6]


CASE = Case(Point("liar", Axes({"size": 7}), device="cuda", clock="cuda_events:warm"), "honest")


def test_only_the_range_named_after_the_case_is_profiled(tmp_path: Path) -> None:
    words = ncu.ncu_command("/bin/ncu", CASE, tmp_path)
    assert words[words.index("--nvtx-include") + 1] == range_name(CASE)  # no slash: a range that begins and ends
    assert words[words.index("--profile-from-start") + 1] == "off"
    assert words[words.index("--page") + 1] == "raw"
    assert words[words.index("--metrics") + 1].split(",") == list(METRICS)


def test_the_profiler_is_on_and_the_range_open_exactly_around_the_calls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[Any] = []

    def tell(name: str, result: Any = None) -> Any:
        def told(*words: Any) -> Any:
            said.append((name, *words))
            return result

        return told

    runtime = SimpleNamespace(cudaProfilerStart=tell("profiler on"), cudaProfilerStop=tell("profiler off"))
    monkeypatch.setattr(torch.cuda, "cudart", lambda: runtime)
    monkeypatch.setattr(torch.cuda, "synchronize", tell("wait"))
    monkeypatch.setattr(torch.cuda, "nvtx", SimpleNamespace(range_start=tell("open", 5), range_end=tell("close")))
    with run_case._region(TargetRequest(CASE, tmp_path, region="cuda")):
        said.append(("calls",))
    assert said == [
        ("open", range_name(CASE)),
        ("profiler on",),
        ("calls",),
        ("wait",),
        ("profiler off",),
        ("close", 5),
    ]


def test_ncu_is_looked_for_on_the_path_then_in_the_toolkit_then_where_packages_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [tmp_path / "path" / "ncu", tmp_path / "home" / "bin" / "ncu", tmp_path / "cuda-9" / "bin" / "ncu"]
    for place in places:
        place.parent.mkdir(parents=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    monkeypatch.setattr(ncu, "INSTALLED", (f"{tmp_path}/cuda*/bin/ncu",))
    environment = {"PATH": str(tmp_path / "path"), "CUDA_HOME": str(tmp_path / "home")}
    for place in places:
        assert ncu.find_ncu(environment) == str(place)
        place.unlink()
    assert ncu.find_ncu(environment) is None


def count(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> CounterValues:
    """What comes of an ncu that is this shell script; `$log` is where it is to print, `$folder` where the case does."""
    found = 'for word; do case "$before" in --log-file) log="$word";; esac; before="$word"; done; folder="${log%/*}"'
    (folder / "ncu").write_text(f"#!/bin/sh\n{found}\n{script}\n")
    (folder / "ncu").chmod(0o755)
    monkeypatch.setattr(ncu, "find_ncu", lambda _: str(folder / "ncu"))
    return ncu.count_with_ncu(CASE, 60)


NO_GPU = """echo '{"error": "PyTorch sees no CUDA device here"}' > "$folder/answer.json" """
ANSWER = """echo '{"calls": 2}' > "$folder/answer.json" """


def test_figures_come_from_the_log_and_calls_from_the_case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "printed").write_text(CSV)
    found = count(monkeypatch, tmp_path, f'cp {tmp_path}/printed "$log"; {ANSWER}')
    assert found.figures == figures_per_call(read_kernels(CSV), 2)
    assert "empty caches" in found.notes[0]
    assert "lts__t_bytes.sum" in found.notes[1]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('echo "==ERROR== ERR_NVGPUCTRPERM - The user" > "$log"', "NVreg_RestrictProfilingToAdminUsers=0"),
        ('echo "==ERROR== unrecognised option" >&2; exit 1', "^ncu: unrecognised option$"),
        (f'echo "==WARNING== No kernels were profiled." > "$log"; {ANSWER}', "ncu matched no kernel"),
        (
            f'echo "==ERROR== The application returned an error code (3)." > "$log"; {NO_GPU}; exit 3',
            "^ncu: PyTorch sees no CUDA device here$",
        ),
    ],
)
def test_every_refusal_is_one_line_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    with pytest.raises(MachineError, match=reason) as refused:
        count(monkeypatch, tmp_path, script)
    assert "\n" not in str(refused.value)


def test_without_ncu_and_on_the_cpu_it_says_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ncu, "find_ncu", lambda _: None)
    with pytest.raises(MachineError, match=r"neither on the PATH nor .* install the CUDA toolkit"):
        ncu.count_with_ncu(CASE, 60)
    with pytest.raises(MachineError, match="this case runs on cpu"):
        ncu.count_with_ncu(replace(CASE, point=replace(CASE.point, device="cpu")), 60)
