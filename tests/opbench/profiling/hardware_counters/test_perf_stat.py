"""perf's text to figures and notes, and what is said where perf is missing, refused or too old."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from opbench.errors import MachineError
from opbench.profiling.hardware_counters import perf_stat
from opbench.profiling.hardware_counters.perf_stat import (
    event_notes,
    figures_per_call,
    perf_command,
    perf_refusal,
    read_counts,
    read_events,
)
from opbench.profiling.target.request import TargetRequest
from opbench.vocabulary.case import Axes, Case, Point

REAL = """\
# started on Wed Nov 25 21:00:14 2026

3300000,,cycles,1000000,100.00,,
6600000,,instructions,1000000,100.00,2.00,insn per cycle
4000,,cache-references,500000,50.00,,
<not counted>,,cache-misses,0,0.00,,
<not supported>,,LLC-load-misses,0,100.00,,
30,,page-faults,794763,100.00,60.395,K/sec
3,,context-switches,794763,100.00,1.258,K/sec
1.50,msec,task-clock,794763,100.00,0.371,CPUs utilized
"""

VIRTUAL = """\
<not supported>,,cycles,0,100.00,,
<not supported>,,LLC-load-misses,0,100.00,,
48,,page-faults,794763,100.00,60.395,K/sec
"""

USER = """\
700,,LLC-load-misses:u,1000,100.00,,
47,,page-faults:u,433425,100.00,108.439,K/sec
0,,context-switches:u,433425,100.00,0.000,/sec
430000,,task-clock:u,433425,100.00,0.529,CPUs utilized
"""


def lies(backend: str, mode: str = "forward") -> Case:
    """One of the cheats, at seven doubled numbers."""
    return Case(Point("liar", Axes({"size": 7}), mode=mode), backend)


def test_figures_are_per_call_and_in_seconds() -> None:
    assert figures_per_call(read_events(REAL), 3) == {
        "perf_cycles": 1100000,
        "perf_instructions": 2200000,
        "perf_cache_references": pytest.approx(4000 / 3),
        "perf_page_faults": 10,
        "perf_context_switches": 1,
        "perf_task_clock_s": pytest.approx(0.0005),
    }


def test_what_was_not_counted_or_only_at_times_is_noted_and_never_a_zero() -> None:
    told = event_notes(read_events(REAL))
    assert [note.partition(":")[0] for note in told] == ["cache-misses", "LLC-load-misses", "cache-references"]
    assert "another profiler" in told[0]
    assert "counted 50% of the time and scaled" in told[2]


def test_one_note_says_for_all_that_a_virtual_machine_does_not_count_them() -> None:
    (told,) = event_notes(read_events(VIRTUAL))
    assert told.startswith("cycles, LLC-load-misses: not supported by this machine: a virtual one")


def test_bytes_follow_from_misses_of_the_last_cache_only_where_those_were_counted() -> None:
    assert "perf_llc_miss_bytes" not in figures_per_call(read_events(VIRTUAL), 1)
    assert figures_per_call(read_events(USER), 7)["perf_llc_miss_bytes"] == 6400


def test_without_the_kernel_there_are_no_context_switches_and_a_note() -> None:
    found = figures_per_call(read_events(USER), 1)
    assert "perf_context_switches" not in found
    assert found["perf_task_clock_s"] == pytest.approx(0.00043)
    (told,) = event_notes(read_events(USER))
    assert "user space only" in told
    assert "perf_event_paranoid" in told


def test_nothing_printed_is_nothing_counted() -> None:
    assert read_events("") == read_events("# started on Wed\n\n") == []


def test_counts_that_perf_did_not_write_are_refused(tmp_path: Path) -> None:
    for number, content in enumerate((b"\xff", REAL.replace("30,,", "many,,").encode(), b"inf,,cycles,0,100.00,,\n")):
        file = tmp_path / str(number)
        file.write_bytes(content)
        with pytest.raises(MachineError, match=r"^perf stat: its counts cannot be read"):
            read_counts(file)
    with pytest.raises(MachineError, match="No such file"):
        read_counts(tmp_path / "none")


def test_counters_start_off_and_are_switched_by_the_program(tmp_path: Path) -> None:
    words = perf_command("/usr/bin/perf", tmp_path, ("cycles", "page-faults"))
    assert words[:4] == ["/usr/bin/perf", "stat", "-x,", "-e"]
    assert "--delay=-1" in words
    assert f"--control=fifo:{tmp_path}/control,{tmp_path}/ack" in words


DENIED = "Error:\nAccess to performance monitoring and observability operations is limited.\nConsider adjusting"


def test_a_refusal_names_the_setting_its_value_and_what_to_set() -> None:
    for said in (DENIED, "Error:\nNo permission to enable cycles event.\n"):
        told = perf_refusal(said, "3")
        assert isinstance(told, PermissionError)
        assert "kernel.perf_event_paranoid is 3; as root, sysctl kernel.perf_event_paranoid=1" in str(told)
    assert isinstance(perf_refusal("  Error: unknown option `control=fifo'\n", "2"), MachineError)
    assert perf_refusal("a library's warning\n", "2") is None


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "perf").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "perf").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_without_perf_the_package_to_install_is_named(
    liar: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="apt-get install linux-perf"):
        perf_stat.count_with_perf(lies("honest"), 60)


def test_refused_altogether_is_an_error_and_the_case_is_not_run(
    liar: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake(tmp_path, monkeypatch, 'echo "No permission to enable $4 event." >&2; exit 255')
    with pytest.raises(MachineError, match="perf may not count here"):
        perf_stat.count_with_perf(lies("honest"), 60)


def test_perf_writes_its_numbers_as_in_c_whatever_the_users_locale(
    liar: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    fake(tmp_path, monkeypatch, f'echo "$LC_ALL" > {tmp_path}/locale; echo "No permission" >&2; exit 255')
    with pytest.raises(MachineError):
        perf_stat.count_with_perf(lies("honest"), 60)
    assert (tmp_path / "locale").read_text() == "C\n"


@pytest.mark.skipif(shutil.which("perf") is None, reason="perf is not installed")
def test_refused_the_processor_the_kernels_counters_still_come_back(
    liar: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    perf = shutil.which("perf")
    fake(tmp_path, monkeypatch, f'case "$*" in *cycles*) echo "No permission" >&2; exit 255;; esac; exec {perf} "$@"')
    try:
        found = perf_stat.count_with_perf(lies("honest"), 60)
    except MachineError as exc:
        pytest.skip(str(exc))
    assert set(found.figures) == {"perf_page_faults", "perf_context_switches", "perf_task_clock_s"}
    assert found.notes[0].startswith("perf may not count here")


@pytest.mark.skipif(shutil.which("perf") is None, reason="perf is not installed")
def test_neither_preparing_nor_warming_up_is_counted(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_stat, "TargetRequest", partial(TargetRequest, calls=7))
    try:
        found = perf_stat.count_with_perf(lies("honest"), 60)
    except MachineError as exc:
        pytest.skip(str(exc))
    # Seven calls of seven numbers; importing PyTorch alone takes seconds and tens of thousands of faults.
    assert 0 < found.figures["perf_task_clock_s"] < 0.1
    assert found.figures["perf_page_faults"] < 1000
