"""Bandwidth over the working set: the best of the rounds in a band of what else was seen; machines have no rivals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from opbench.vocabulary.record import Failed, Measured, Record, Unavailable
from opbench.vocabulary.work import Work
from reports.data.machine_records import best_time
from reports.data.problems import problems
from reports.figures import complexity, fastest, latency, speedup
from reports.figures.bandwidth import DEEP, REPORT, _draw, bandwidths
from reports.pages import summary
from reports.tables import machine_table

from ..builders import every_outcome, measured, record

MOVED = 1 << 20


def moved(kind: str, kib: int, seconds: float, replica: int = 0, backend: str = "cpp_ext") -> Record:
    found = record(
        measured(seconds, spread=0.1, count=11),
        backend,
        f"memory_{kind}",
        replica,
        sizes={"working_set_bytes": kib << 10},
        kib=kib,
    )
    return replace(found, work=Work(0, 0, 0, MOVED, 0))


def machine(operator: str, seconds: float, replica: int = 0, dtype: str = "float32") -> Record:
    return record(measured(seconds, count=11), "cpp_ext", operator, replica, dtype, macs=10**6)


def test_the_best_round_is_the_line_between_the_worst_round_and_the_quickest_sample() -> None:
    found = bandwidths([moved("read", 7, seconds, replica) for replica, seconds in enumerate((4e-5, 1e-5, 2e-5))])
    (rate,) = found["read", "cpp_ext"].values()
    # 11 samples over ±10 %: the quickest at 0.90 of the median, the second, which is sustained, at 0.92.
    assert (rate.low, rate.mid, rate.high) == pytest.approx(
        (MOVED / (0.92 * 4e-5), MOVED / (0.92 * 1e-5), MOVED / (0.9 * 1e-5))
    )


def test_working_sets_ascend_and_backends_are_lines_of_their_own() -> None:
    records = [moved("copy", kib, 1e-5, backend=name) for name in ("torch_eager", "cpp_ext") for kib in (61, 1, 7)]
    found = bandwidths(records)
    assert list(found) == [("copy", "cpp_ext"), ("copy", "torch_eager")]
    assert [size >> 10 for size in found["copy", "cpp_ext"]] == [1, 7, 61]


def test_a_round_that_failed_is_no_round() -> None:
    failed = replace(moved("read", 7, 1e-5, 1), outcome=Failed("measure", "x"))
    assert len(bandwidths([moved("read", 7, 1e-5), failed])["read", "cpp_ext"]) == 1
    assert bandwidths([failed]) == {}
    assert best_time([], []) is None


def test_sizes_are_written_in_binary_units_on_an_axis_of_doublings() -> None:
    cell = Figure().subplots()
    _draw(cell, bandwidths([moved("read", kib, 1e-5) for kib in (1, 32, 1024, 1 << 18)]))
    assert cell.get_xscale() == "log"
    write = cell.xaxis.get_major_formatter()
    assert [write(size, 0) for size in cell.get_xticks()] == ["1 KiB", "32 KiB", "1 MiB", "256 MiB"]


def test_a_round_gone_wrong_does_not_squeeze_the_lines() -> None:
    cell = Figure().subplots()
    lines = bandwidths([moved("read", 7, seconds, replica) for replica, seconds in enumerate((1e-5, 1e-2))])
    _draw(cell, lines)
    line = np.asarray(cell.lines[0].get_ydata())
    assert cell.get_ylim()[0] > line.min() / (2 * DEEP)
    (found,) = REPORT.render([moved("read", 7, 1e-5), moved("read", 7, 1e-2, 1)])
    assert f"cut off below 1/{DEEP} of the line" in found.caption
    assert "over 2 rounds" in found.caption


def test_each_setting_has_its_figure_and_other_operators_none() -> None:
    double = moved("read", 7, 1e-5)
    double = replace(double, case=replace(double.case, point=replace(double.case.point, dtype="float64")))
    assert len(REPORT.render([moved("read", 7, 1e-5), double])) == 2
    assert REPORT.render([*every_outcome(), machine("multiply_add", 1e-5)]) == []
    assert REPORT.render([]) == []


def test_rounds_of_the_machine_are_not_compared_as_if_they_were_backends() -> None:
    records = [moved("read", kib, 1e-5, replica, name) for kib in (1, 7) for replica in (0, 1) for name in _BOTH]
    for report in (latency, fastest, speedup, complexity):
        assert report.REPORT.render(records) == []
    assert summary.gains(records) == []
    assert summary.subjects([*records, record()]) == ["rowsum", "What the machine can do"]


_BOTH = ("torch_eager", "cpp_ext")


def test_what_is_missing_in_every_round_is_told_once() -> None:
    records = [replace(moved("read", 7, 1e-5, replica), outcome=Unavailable("too small")) for replica in range(5)]
    (problem,) = problems(records)
    assert (problem.backend, problem.points) == ("cpp_ext", ("kib=7",))


def test_arithmetic_is_told_by_dtype_and_costs_by_call() -> None:
    records = [
        *(machine("multiply_add", seconds, replica) for replica, seconds in enumerate((1e-5, 2e-5))),
        machine("multiply_add", 3e-5, dtype="float64"),
        machine("empty_call", 1e-6),
    ]
    _, table = machine_table.REPORT.render(records)
    lines = table.data.decode().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["multiply_add", "float32"],
        ["multiply_add", "float64"],
        ["empty_call", ""],
    ]
    assert machine_table.REPORT.render([record()]) == []


def test_a_page_fault_costs_its_share_of_a_call() -> None:
    found = machine("fresh_pages", 1e-3)
    assert isinstance(found.outcome, Measured)
    faulty = replace(found, outcome=replace(found.outcome, page_faults=11 * 8 * 1000))
    html, _ = machine_table.REPORT.render([faulty])
    assert "<strong>992 ns" in html.data.decode()
