"""Counted figures in words for a terminal, and bytes held against the least that there can be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.profiling.hardware_counters.counter_values import CounterValues, compare_with_work
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable
from opbench.vocabulary.work import Work

NCU = CounterValues("ncu", {"ncu_dram_bytes": 103.0}, ("clocks were left free",))
PERF = CounterValues("perf stat", {"perf_llc_miss_bytes": 60.0})


def record(device: str) -> Record:
    work = Work(macs=0, products=7, elementwise=0, bytes_read=30, bytes_written=70)
    case = Case(Point("liar", Axes({"size": 7}), device=device), "honest")
    return Record(case, Unavailable("for the tests"), {}, "r", "t", work=work)


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"perf_page_faults": 0.0, "perf_task_clock_s": 182.4e-6}, "perf: 0 page faults, task clock 182 us"),
        ({"perf_cycles": 1_100_000.0}, "perf: 1.1 M cycles"),
        ({"perf_llc_miss_bytes": 999_960.0}, "perf: llc miss 1 MB"),
        ({"perf_context_switches": 0.25}, "perf: 0.25 context switches"),
        ({"perf_context_switches": 8.98e-5}, "perf: <0.01 context switches"),
        ({"perf_x_bytes_per_s": 2.5e9, "perf_task_clock_s": 2.0}, "perf: x 2.5 GB/s, task clock 2 s"),
    ],
)
def test_figures_are_one_scaled_line(figures: dict[str, float], told: str) -> None:
    assert CounterValues("perf stat", figures).lines() == [told]


def test_every_note_has_a_line_of_its_own() -> None:
    assert replace(NCU, notes=("first", "second")).lines() == ["ncu: dram 103 B", "  first", "  second"]


def test_bytes_counted_are_held_against_the_least_there_can_be() -> None:
    told = ("DRAM bytes counted are 1.03 times Work's", "clocks were left free")
    assert compare_with_work(record("cuda"), NCU).notes == told
    assert compare_with_work(record("cpu"), PERF).notes == (
        "bytes of missed loads counted are 2 times those Work reads",
    )


def test_nothing_is_said_of_bytes_that_work_does_not_know() -> None:
    assert compare_with_work(replace(record("cuda"), work=None), NCU) == NCU
    assert compare_with_work(record("cuda"), PERF) == PERF  # the host's, of a case whose bytes are the GPU's
    none = Work(macs=0, products=7, elementwise=0, bytes_read=0, bytes_written=0)
    assert compare_with_work(replace(record("cpu"), work=none), PERF) == PERF
