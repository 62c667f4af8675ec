"""Table 7: every classifier with parameters, MACs and latencies beside what the paper reports of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict

from opbench.vocabulary.interval import median_interval
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.problems import headline
from reports.layout.table_files import ABSENT, TableCell, TableColumn, TableRow, milliseconds_cell, table_files
from reports.models.agreement import agreement
from reports.models.classifiers import RUNTIMES, Bench, benches, family, shown
from reports.models.reported import RUNS, Classifier, table7

THOUSAND_CLASSES = frozenset({"MobileOne", "ShuffleNetV2", "GhostNetV3"})
"""Families whose parameters the paper gives for 1000 classes; the others' are those of 100."""

_SIZES, _TIMES, _TOP1 = "millions", "reported by the paper, ms", "top-1 %, reported, not reproduced"


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make a table for each place: its latencies can be compared with each other only."""
    return [artifact for bench in benches(records) for artifact in _table(bench)]


def _table(bench: Bench) -> list[Artifact]:
    rows = [TableRow(_row(bench, operator)) for operator in bench.models]
    title = f"Table 7: image classifiers, {bench.label}"
    stem = re.sub(r"[^A-Za-z0-9]+", "_", f"table7 {bench.label}")
    return table_files(stem, title, _caption(bench), _columns(bench), rows)


def _columns(bench: Bench) -> list[TableColumn]:
    return [
        TableColumn("Model", kind=""),
        TableColumn("parameters", group=_SIZES),
        TableColumn("paper's", group=_SIZES),
        TableColumn("MACs", group=_SIZES),
        TableColumn("paper's", group=_SIZES),
        *(TableColumn(name, RUNTIMES.get(name, ""), f"measured: {bench.label}, ms") for name in bench.runtimes),
        *(TableColumn(name, group=_TIMES) for name in ("CPU", "GPU", "mobile")),
        *(TableColumn(name, group=_TOP1) for name in ("CIFAR-100", "ImageNet")),
    ]


def _row(bench: Bench, operator: str) -> list[TableCell]:
    reported, name = table7().get(shown(operator)), shown(operator)
    under = () if name == operator else (operator,)
    return [
        TableCell(name, under, {"model": name, "operator": operator, "place": bench.label}),
        *_sizes(bench.any(operator), operator, reported),
        *(_latency(bench, operator, runtime) for runtime in bench.runtimes),
        *_reported(reported),
    ]


def _sizes(record: Record, operator: str, reported: Classifier | None) -> list[TableCell]:
    parameters, macs = record.sizes["parameters"], record.work.macs if record.work else None
    mark = " †" if family(operator) in THOUSAND_CLASSES else ""
    return [
        TableCell(f"{parameters / 1e6:.2f}", values={"parameters": parameters, "classes": record.sizes["classes"]}),
        _cell("reported_parameters", reported.params if reported else None, lambda value: f"{value / 1e6:.2f}{mark}"),
        _cell("macs", macs, lambda value: f"{value / 1e6:.0f}"),
        _cell("reported_macs", reported.macs if reported else None, lambda value: f"{value / 1e6:.0f}"),
    ]


def _latency(bench: Bench, operator: str, runtime: str) -> TableCell:
    record = bench.cells.get((operator, runtime))
    if record is None:
        return TableCell(ABSENT)
    if not isinstance(record.outcome, Measured):
        return TableCell(headline(record.outcome), values={f"{runtime}.outcome": headline(record.outcome)}, tag=True)
    samples, calls = record.outcome.samples_s, record.outcome.calls_per_sample
    mean, runs = sum(samples) / len(samples), len(samples) * calls
    mean_text = f"mean of {runs}: {units.milliseconds(mean)}"
    cell = milliseconds_cell(median_interval(samples), f"{runtime}.median_s", mean_text)
    return TableCell(
        cell.text, cell.under, {**cell.values, f"{runtime}.mean_s": mean, f"{runtime}.runs": runs}, strong=True
    )


def _reported(reported: Classifier | None) -> list[TableCell]:
    times = ("cpu_s", "gpu_s", "mobile_s")
    tops = ("cifar100_percent", "imagenet_percent")
    known = asdict(reported) if reported else {}
    return [
        *(_cell(f"reported_{name}", known.get(name), lambda time: f"{1e3 * time:.2f}") for name in times),
        *(_cell(f"reported_{name}", known.get(name), "{:.2f}".format) for name in tops),
    ]


def _cell(name: str, value: float | None, text: Callable[[float], str]) -> TableCell:
    return TableCell(ABSENT) if value is None else TableCell(text(value), values={name: value})


def _caption(bench: Bench) -> str:
    missing = [name for name in table7() if name not in {shown(operator) for operator in bench.models}]
    parts = [
        (
            f"Time of one forward pass of batch 1, {bench.place.edge}x{bench.place.edge}, on {bench.device_name}: "
            f"median, its 95 % interval, and the mean of all runs, which is the paper's statistic (there of {RUNS}). "
            "What is headed reported or paper's is from the paper and its machines; none of it was measured here, and "
            "its accuracies were not reproduced. MACs are those of convolutions and linear layers."
        ),
        agreement(list(bench.cells.values())),
        "Of models that are not ours the formula is torch's own count: there fvcore's is the only second account.",
        _classes(bench),
        f"{ABSENT}: not in this run, or not in the paper.",
        f"Of the paper's models this run does not have {', '.join(missing)}." if missing else "",
    ]
    return " ".join(filter(None, parts))


def _classes(bench: Bench) -> str:
    ours = sorted({bench.any(operator).sizes["classes"] for operator in bench.models})
    marked = [shown(operator) for operator in bench.models if family(operator) in THOUSAND_CLASSES]
    sentence = f"Parameters here are those with {', '.join(map(str, ours))} classes"
    if not marked:
        return f"{sentence}."
    return (
        f"{sentence}; the paper's marked † ({', '.join(marked)}) are those with 1000, so they are no comparison. It "
        "gives GhostNetV3 before its branches are folded into one, MobileOne after."
    )


REPORT = Report(
    about="the paper's Table 7: classifiers with parameters, MACs and latency, the reported numbers beside ours",
    order=3,
    render=render,
)
