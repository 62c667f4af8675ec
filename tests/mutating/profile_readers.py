"""What reads files that other programs leave beside a profile: traces of PyTorch, tables of ncu, counts of perf, and
the answer of the process in which a case is taken apart, whose backend may write there too.
"""

from __future__ import annotations

import json
from pathlib import Path

from opbench.profiling.hardware_counters import ncu, perf_stat
from opbench.profiling.kernel_table import to_csv
from opbench.profiling.recorded_trace import read_trace
from opbench.profiling.target.request import range_name
from opbench.profiling.target.spawn import read_answer
from opbench.store.codec import from_line
from opbench.vocabulary.record import Record
from tests.mutating.reader import Reader
from tests.mutating.run_readers import REFERENCE
from tests.opbench.profiling.hardware_counters.test_ncu import CSV
from tests.opbench.profiling.hardware_counters.test_perf_stat import REAL, VIRTUAL

CALLS = 3


def record() -> Record:
    """A measured one."""
    with (REFERENCE / "limits_2_threads" / "records.jsonl").open("rb") as lines:
        return from_line(next(lines))


def trace(folder: Path) -> Path:
    """Three launches of two operators, with what the allocator held."""
    name = range_name(record().case)
    events: list[dict[str, object]] = [{"ph": "M", "name": "process_name"}]
    for start in (100.5, 200.0, 300.25):
        for what, after, lasts, sort in ((name, 0, 10, "user_annotation"), ("aten::mul", 1, 6, "cpu_op")):
            args = {"External id": 7}
            events.append({"ph": "X", "cat": sort, "name": what, "ts": start + after, "dur": lasts, "args": args})
        held = {"Total Allocated": 4096, "Bytes": 512, "Device Type": 0}
        events.append({"ph": "i", "name": "[memory]", "ts": start + 2, "args": held})
    file = folder / "trace.json"
    file.write_text(json.dumps({"traceEvents": events}))
    return file


def traced(file: Path) -> None:
    """Its rows can be written; no time is below 0 and none is endless."""
    found = read_trace(file.read_bytes(), record(), {})
    assert to_csv(found.kernels)
    assert all(0 <= row.seconds < float("inf") for row in found.kernels)


def table(folder: Path) -> Path:
    file = folder / "log"
    file.write_text(CSV, encoding="utf-8")
    return file


def read_table(file: Path) -> None:
    kernels = ncu.read_kernels(file.read_text(encoding="utf-8", errors="replace"))
    figures = ncu.figures_per_call(kernels, CALLS) if kernels else {}
    json.dumps(figures, allow_nan=False)


def counts(folder: Path) -> Path:
    file = folder / "counts"
    file.write_text(REAL + VIRTUAL, encoding="utf-8")
    return file


def read_counts(file: Path) -> None:
    events = perf_stat.read_counts(file)
    json.dumps(perf_stat.figures_per_call(events, CALLS), allow_nan=False)
    assert not any("\n" in note for note in perf_stat.event_notes(events))


def answer(folder: Path) -> Path:
    file = folder / "answer.json"
    file.write_text(json.dumps({"calls": 3, "allocated_bytes": 512, "process_bytes": None}))
    return file


def answered(file: Path) -> None:
    """What is there is a JSON object, or nothing that counts as an answer."""
    found = read_answer(file)
    assert found is None or isinstance(found, dict)


READERS = (
    Reader("trace", trace, traced, named=False, share=40),
    Reader("ncu's table", table, read_table, named=False, share=20),
    Reader("perf's counts", counts, read_counts, named=False, share=20),
    Reader("a case's answer", answer, answered, named=False, share=10),
)
