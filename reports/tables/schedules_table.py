"""Table 4: Hadaptive-Net-L with its product native, by the paper's two schedules, and by ours, batch 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.problems import headline
from reports.layout.table_files import (
    ABSENT,
    TableCell,
    TableColumn,
    TableRow,
    interval_values,
    milliseconds_cell,
    table_files,
)
from reports.models.classifiers import Bench, benches
from reports.models.reported import table4

MODEL = "hadaptive_l"

RUNTIMES: Mapping[str, Mapping[str, str]] = {
    "ONNX Runtime": {
        "native": "ort_stock",
        "direct": "ort_custom:direct",
        "balanced": "ort_custom:balanced",
        "ours": "ort_custom",
    },
    "PyTorch": {
        "native": "torch_eager",
        "direct": "cpp_ext:direct",
        "balanced": "cpp_ext:balanced",
        "ours": "cpp_ext",
    },
}
"""Kind of runtime to schedule to backend. Native is the framework's own nodes or operators."""

SCHEDULES = ("native", "direct", "balanced", "ours")
_IN_PAPER = {"native": "native", "direct-indexing": "direct", "parity-balanced": "balanced"}
NOT_MEASURED = "not measured"


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make the table; [] where the model was measured nowhere."""
    rows = [
        _row(bench, kind, names)
        for bench in benches(records)
        for kind, names in RUNTIMES.items()
        if any((MODEL, name) in bench.cells for name in names.values())
    ]
    if not rows:
        return []
    columns = [TableColumn("Hadaptive-Net-L", kind=""), *(TableColumn(name, _ABOUT[name]) for name in SCHEDULES)]
    caption = (
        "One forward pass of batch 1 in ms: median, its 95 % interval, and how many times faster than native, with "
        "that ratio's own interval. The first row is reported by the paper and was not measured here: means of 500 "
        "runs in ONNX Runtime's CUDA provider on an RTX TITAN. Each row is a machine and a runtime of its own, so that "
        "only times within a row are comparable."
    )
    return table_files("table4", "Table 4: schedules of the product", caption, columns, [_reported(), *rows])


_ABOUT = {
    "native": "the runtime's own nodes",
    "direct": "the paper's first schedule",
    "balanced": "the paper's second schedule",
    "ours": "schedule chosen by us",
}


def _reported() -> TableRow:
    times = {_IN_PAPER[name]: time for name, time in table4().items()}
    cells = [_reported_cell(name, times.get(name), times["native"]) for name in SCHEDULES]
    where = "RTX TITAN, ONNX Runtime's CUDA provider"
    return TableRow(
        [TableCell("reported by the paper", (where,), {"place": f"reported by the paper: {where}"}), *cells]
    )


def _reported_cell(name: str, time: float | None, native: float) -> TableCell:
    if time is None:
        return TableCell(ABSENT)
    faster = () if name == "native" else (units.factor(native / time),)
    return TableCell(f"{1e3 * time:.2f}", faster, {f"{name}.median_s": time, f"{name}.over_native": native / time})


def _row(bench: Bench, kind: str, names: Mapping[str, str]) -> TableRow:
    native = bench.times.get((MODEL, names["native"]))
    cells = [_cell(bench, name, names[name], native) for name in SCHEDULES]
    return TableRow(
        [TableCell(f"{kind}, {bench.label}", values={"place": bench.label, "kind": kind}), *cells], first=True
    )


def _cell(bench: Bench, schedule: str, backend: str, native: Interval | None) -> TableCell:
    record, time = bench.cells.get((MODEL, backend)), bench.times.get((MODEL, backend))
    if record is None or time is None:
        why = (backend, headline(record.outcome)) if record else (backend,)
        return TableCell(NOT_MEASURED, why, {f"{schedule}.outcome": ": ".join(why)}, tag=True)
    cell = milliseconds_cell(time, f"{schedule}.median_s")
    if native is None or schedule == "native":
        return TableCell(cell.text, (*cell.under, backend), cell.values, strong=True)
    ratio = native.over(time)
    ratio_text = f"{units.factor(ratio.mid)} ({units.factor(ratio.low)} to {units.factor(ratio.high)})"
    values = {**cell.values, **interval_values(f"{schedule}.over_native", ratio)}
    return TableCell(cell.text, (*cell.under, ratio_text, backend), values, strong=True)


REPORT = Report(
    about="the paper's Table 4: Hadaptive-Net-L native, by direct, balanced and our schedule, with ratios to native",
    order=1,
    render=render,
)
