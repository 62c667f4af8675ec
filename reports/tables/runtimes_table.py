"""What a runtime costs besides latency: export, load, file and peak memory of every model in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.layout.table_files import ABSENT, TableCell, TableColumn, TableRow, table_files
from reports.models.classifiers import RUNTIMES, Bench, benches, shown

FIGURES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "export_s": ("export", units.seconds),
    "load_s": ("load", units.seconds),
    "file_bytes": ("file", units.data_size),
    "peak_bytes": ("peak memory", units.data_size),
}
"""What a backend may have measured while it prepared, to its head and its text."""


@dataclass(frozen=True)
class Entry:
    """One model in one runtime and place, with what was measured besides latency."""

    bench: Bench
    operator: str
    runtime: str
    figures: Mapping[str, float]


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make one row per model, runtime and place with at least one of the figures; [] where there are none."""
    entries = [entry for bench in benches(records) for entry in _entries(bench)]
    if not entries:
        return []
    columns = [
        TableColumn("Model", kind=""),
        TableColumn("Runtime", kind=""),
        TableColumn("Measured", kind=""),
        *(TableColumn(head) for head, _ in FIGURES.values()),
    ]
    # Stable: within a model the places stay in order, and within a place the runtimes.
    order = list(dict.fromkeys(entry.operator for entry in entries))
    entries.sort(key=lambda entry: order.index(entry.operator))
    rows = [
        TableRow(_row(entry), first=number == 0 or entry.operator != entries[number - 1].operator)
        for number, entry in enumerate(entries)
    ]
    caption = (
        "Export: from the PyTorch module to the file. Load: from there, or from a module in memory, to something that "
        "can be called. Peak memory: the most that became resident while the model was loaded and first run; for "
        "PyTorch on a GPU, that its allocator took there. Each was taken once, while the case was prepared, so it has "
        "no interval; – is a figure that the record does not have."
    )
    return table_files("runtimes", "What each runtime needs besides time", caption, columns, rows)


def _entries(bench: Bench) -> list[Entry]:
    runtimes = [*bench.runtimes, *sorted({name for _, name in bench.cells} - set(bench.runtimes))]
    cells = [(operator, name) for operator in bench.models for name in runtimes]
    entries = [Entry(bench, *cell, _figures(bench.cells[cell])) for cell in cells if cell in bench.cells]
    return [entry for entry in entries if entry.figures]


def _figures(record: Record) -> Mapping[str, float]:
    if not isinstance(record.outcome, Measured):
        return {}
    return {name: value for name, value in record.outcome.figures.items() if name in FIGURES}


def _row(entry: Entry) -> list[TableCell]:
    label = entry.bench.label
    return [
        TableCell(shown(entry.operator), values={"operator": entry.operator}),
        TableCell(entry.runtime, (RUNTIMES.get(entry.runtime, ""),), {"runtime": entry.runtime}),
        TableCell(label, values={"place": label}),
        *(
            TableCell(text(entry.figures[name]), values={name: entry.figures[name]})
            if name in entry.figures
            else TableCell(ABSENT)
            for name, (_, text) in FIGURES.items()
        ),
    ]


REPORT = Report(
    about="export and load time, file size and peak memory of every model in every runtime",
    order=8,
    render=render,
)
