"""A trace to a table: operators by self time, on a GPU kernels with what they take, and rates where they mean one."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from typing import Any

import pytest

from opbench.errors import MachineError
from opbench.profiling.kernel_table import OUTSIDE, KernelRow, kernel_rows, to_csv, with_rates
from opbench.profiling.recorded_trace import peak_allocated_bytes, read_trace
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Check, Measured, Record, Unavailable
from opbench.vocabulary.work import Work
from tests.rows import rows


def event(
    name: str, start: float, duration: float, sort: str = "cpu_op", details: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {"ph": "X", "cat": sort, "name": name, "ts": start, "dur": duration, "args": details or {}}


def launch(start: float, duration: float = 10) -> dict[str, Any]:
    return event("case", start, duration, "user_annotation")


CPU = {
    "traceEvents": [
        {"ph": "M", "name": "process_name"},
        *(
            each
            for start in (100, 200, 300)
            for each in (
                launch(start),
                event("aten::mean", start + 1, 6),
                event("aten::sum", start + 2, 3),
                event("aten::mul", start + 7, 1),
                event("aten::mul", start + 8, 1),
            )
        ),
        event("aten::mul", 500, 90),
    ]
}


def rows_by_name(trace: dict[str, Any]) -> dict[str, KernelRow]:
    return {row.name: row for row in kernel_rows(trace, "case")[0]}


def test_operators_have_their_self_times_and_all_rows_are_the_whole_call() -> None:
    rows, calls = kernel_rows(CPU, "case")
    assert calls == 3
    assert {row.name: row.calls for row in rows} == {"aten::mean": 1, "aten::sum": 1, "aten::mul": 2, OUTSIDE: 1}
    times = {row.name: row.seconds for row in rows}
    assert times == pytest.approx({"aten::mean": 3e-6, "aten::sum": 3e-6, "aten::mul": 1e-6, OUTSIDE: 2e-6})
    assert sum(row.share for row in rows) == pytest.approx(1)


def test_the_longest_comes_first_and_what_lies_outside_the_calls_is_left_out() -> None:
    rows, _ = kernel_rows(CPU, "case")
    totals = [row.calls * row.seconds for row in rows]
    assert totals == sorted(totals, reverse=True)


def test_what_an_operator_calls_is_of_its_kind() -> None:
    assert rows_by_name(CPU)["aten::sum"].kind == "reduction"
    assert rows_by_name(CPU)[OUTSIDE].kind == "dispatch"


def test_a_launch_that_was_disturbed_does_not_count() -> None:
    slow = {"traceEvents": [*CPU["traceEvents"], launch(1000, 4000), event("aten::sum", 1001, 3990)]}
    slow["traceEvents"] += [launch(9000), event("aten::sum", 9001, 3)]
    assert rows_by_name(slow)["aten::sum"].seconds == pytest.approx(3e-6)


def test_a_trace_without_the_case_is_no_row() -> None:
    assert kernel_rows({"traceEvents": [event("aten::mul", 0, 1)]}, "case") == ([], 0)


GPU = {
    "traceEvents": [
        launch(100, 50),
        event("aten::mul", 101, 5, details={"External id": 7}),
        event("cudaLaunchKernel", 102, 2, "cuda_runtime", {"External id": 7}),
        event(
            "vectorized",
            110,
            3,
            "kernel",
            {
                "grid": [64, 1, 1],
                "block": [128, 2, 1],
                "External id": 7,
                "registers per thread": 40,
                "shared memory": 1024,
            },
        ),
        event("Memset (Device)", 120, 1, "gpu_memset"),
        event("case", 110, 20, "gpu_user_annotation"),
    ]
}


def test_kernels_say_what_they_take_of_the_gpu() -> None:
    row = rows_by_name(GPU)["vectorized"]
    assert (row.grid, row.block, row.registers, row.shared_bytes) == ("64 x 1 x 1", "128 x 2 x 1", 40, 1024)
    assert row.kind == "elementwise"
    assert row.share == pytest.approx(0.75)


def test_only_what_the_device_runs_is_a_row_and_what_it_does_not_say_is_missing() -> None:
    assert rows_by_name(GPU).keys() == {"vectorized", "Memset (Device)"}
    assert rows_by_name(GPU)["Memset (Device)"].registers is None


def test_launches_that_differ_in_size_say_so() -> None:
    second = event("vectorized", 130, 3, "kernel", {"grid": [9, 1, 1], "block": [128, 2, 1]})
    row = rows_by_name({"traceEvents": [*GPU["traceEvents"], second]})["vectorized"]
    assert (row.grid, row.block, row.calls) == ("several", "128 x 2 x 1", 2)


RECORD = Record(
    Case(Point("rowsum", Axes({"channels": 7})), "torch_eager"),
    Unavailable("-"),
    {},
    "0123",
    "2026-01-02T03:04:05+00:00",
    work=Work(1, 0, 0, 300, 100),
    limit=Limit("L2", 1e-6, 0.0, 0.0, 0.0, 1e-6, 1e-6),
)


def row(name: str, kind: str, calls: float = 1) -> KernelRow:
    return KernelRow(name, kind, calls, 2e-6, 0.5)


def test_one_that_does_all_the_work_has_a_rate_and_a_share_of_the_limit() -> None:
    rated = with_rates([row("aten::sum", "reduction"), row(OUTSIDE, "dispatch")], RECORD)
    assert rated[0].bytes_per_s == pytest.approx(2e8)
    assert rated[0].of_limit == pytest.approx(0.5)
    assert rated[1].bytes_per_s is None


@pytest.mark.parametrize(("reason", "rate"), [("", 4e8), ("the parts do not add up", 2e8)])
def test_a_split_that_adds_up_is_believed_before_the_traced_time(reason: str, rate: float) -> None:
    """A part half as long as the traced operator is twice the rate."""
    traced = row("aten::sum", "reduction")
    passed = Check(True, 7, 0, 0.0, 0.0, 0.0, 0.0)
    parts = {"reduction": traced.seconds / 2}
    outcome = Measured(passed, (2e-6,), 1, "target", 0.0, 1, 0.0, 0.0, split=parts, split_reason=reason)
    rated = with_rates([traced], replace(RECORD, outcome=outcome))
    assert rated[0].bytes_per_s == pytest.approx(rate)


@pytest.mark.parametrize(
    "rows",
    [
        [row("aten::sum", "reduction"), row("aten::mul", "elementwise")],
        [row("aten::sum", "reduction", calls=2)],
        [row(OUTSIDE, "dispatch")],
    ],
)
def test_where_several_share_the_work_nobody_has_a_rate(rows: list[KernelRow]) -> None:
    assert all(row.bytes_per_s is None for row in with_rates(rows, RECORD))


def memory(at: float, total: int, size: int, device: int = 0) -> dict[str, Any]:
    return {
        "ph": "i",
        "name": "[memory]",
        "ts": at,
        "args": {"Total Allocated": total, "Bytes": size, "Device Type": device},
    }


def test_peak_memory_is_the_most_above_what_was_there() -> None:
    events = [
        launch(100),
        memory(50, 900, 900),
        memory(101, 1000, 100),
        memory(102, 1300, 300),
        memory(103, 1000, -300),
    ]
    assert peak_allocated_bytes({"traceEvents": events}, "cpu", "case") == 400


def test_another_devices_memory_does_not_count() -> None:
    events = [launch(100), memory(101, 1000, 100, device=1)]
    assert peak_allocated_bytes({"traceEvents": events}, "cpu", "case") is None
    assert peak_allocated_bytes({"traceEvents": events}, "cuda", "case") == 100


def damaged(**changed: Any) -> bytes:
    events = [event("x", 1, 2) | changed]
    return json.dumps({"traceEvents": events}).encode()


@rows(
    "data",
    [
        *(b"", b"[]", b"[" * 100_000, b'{"traceEvents": [3]}', b'{"traceEvents": {"a": 1}}'),
        *(damaged(ts=math.inf), damaged(args=[])),
    ],
)
def test_a_trace_of_another_format_is_refused_in_a_line(data: bytes) -> None:
    with pytest.raises(MachineError, match=r"^trace: its format is not known [^\n]*$"):
        read_trace(data, RECORD, {})


def test_the_file_has_a_line_per_row_and_nothing_where_nobody_knows() -> None:
    (line,) = csv.DictReader(io.StringIO(to_csv([row("aten::sum", "reduction")]).decode()))
    assert (line["name"], line["seconds"], line["registers"]) == ("aten::sum", "2e-06", "")
