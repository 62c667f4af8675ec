"""Detectors: parameters, MACs and latency with and without post-processing, beside what the paper's Table 6 reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from opbench.vocabulary.case import Axes
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.grouping import grouped
from reports.data.problems import headline
from reports.data.series import settled
from reports.layout.table_files import (
    ABSENT,
    TableCell,
    TableColumn,
    TableRow,
    interval_values,
    milliseconds_cell,
    table_files,
)
from reports.models.agreement import agreement
from reports.models.classifiers import RUNTIMES, Place, place_label, place_of
from reports.models.detectors import backbone, is_detector, place_in_paper, share_behind
from reports.models.reported import table6

NETWORK, WHOLE = "network", "and boxes"

_SIZES, _REPORTED = "millions", "%, reported, COCO"


@dataclass(frozen=True)
class _Detector:
    """One detector at one place. cells: (runtime, whether boxes are found as well) to its record."""

    operator: str
    axes: Axes
    cells: Mapping[tuple[str, bool], Record]

    @property
    def any(self) -> Record:
        """A record for what does not depend on the runtime; one of the network alone if there is one."""
        return min(self.cells.items(), key=lambda cell: (cell[0][1], cell[1].work is None))[1]


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make a table for each place at batch 1: its latencies can be compared with each other only."""
    found = [record for record in settled(records) if is_detector(record) and not record.case.replica]
    places = grouped([record for record in found if record.case.point.axes["batch"] == 1], place_of)
    return [artifact for place, group in places.items() for artifact in _table(place, list(places), group)]


def _table(place: Place, places: Sequence[Place], records: Sequence[Record]) -> list[Artifact]:
    label = place_label(place, places)
    detectors = sorted(_detectors(records), key=lambda one: (place_in_paper(one.operator), one.operator))
    measured = {runtime for one in detectors for runtime, _ in one.cells}
    runtimes = [name for name in RUNTIMES if name in measured] + sorted(measured - RUNTIMES.keys())
    columns = [
        TableColumn("Backbone", kind=""),
        *(TableColumn(name, group=_SIZES) for name in ("parameters", "MACs")),
        *(TableColumn(head, group=f"{RUNTIMES.get(name, name)}, ms") for name in runtimes for head in (NETWORK, WHOLE)),
        *(TableColumn(name, group=_REPORTED) for name in ("mAP", "mIOU")),
    ]
    rows = [TableRow(_row(one, runtimes, label)) for one in detectors]
    stem = re.sub(r"[^A-Za-z0-9]+", "_", f"detection {label}")
    return table_files(stem, f"Detection: SSD by its backbone, {label}", _caption(detectors, place), columns, rows)


def _detectors(records: Iterable[Record]) -> list[_Detector]:
    groups: dict[tuple[str, Axes], dict[tuple[str, bool], Record]] = {}
    for record in records:
        point = record.case.point
        axes = Axes({name: value for name, value in point.axes.items() if name != "nms"})
        groups.setdefault((point.operator, axes), {})[record.case.backend, bool(point.axes["nms"])] = record
    return [_Detector(*key, cells) for key, cells in groups.items()]


def _row(one: _Detector, runtimes: Sequence[str], label: str) -> list[TableCell]:
    name, record, reported = backbone(one.operator), one.any, table6().get(backbone(one.operator))
    parameters, macs = record.sizes["parameters"], record.work.macs if record.work else None
    under = f"{one.axes.get('head', '')} head, {one.axes.get('classes', '?')} classes"
    facts = {"model": name, "operator": one.operator, "head": one.axes.get("head"), "place": label}
    return [
        TableCell(name, (under,), facts | {"classes": one.axes.get("classes")}),
        TableCell(f"{parameters / 1e6:.2f}", values={"parameters": parameters}),
        TableCell(ABSENT) if macs is None else TableCell(f"{macs / 1e6:.0f}", values={"macs": macs}),
        *(cell for runtime in runtimes for cell in _times(one, runtime)),
        *(
            TableCell(ABSENT) if value is None else TableCell(f"{value:.1f}", values={f"reported_{kind}": value})
            for kind, value in (
                ("map_percent", reported and reported.map_percent),
                ("miou_percent", reported and reported.miou_percent),
            )
        ),
    ]


def _times(one: _Detector, runtime: str) -> list[TableCell]:
    """The network's time, and that of the whole with the share that boxes have of it."""
    records = [one.cells.get((runtime, nms)) for nms in (False, True)]
    network, whole = (record.latency if record is not None else None for record in records)
    cells = [_time(record, f"{runtime}.{form}") for record, form in zip(records, ("network", "boxes"), strict=True)]
    if network is None or whole is None:
        return cells
    share, last = share_behind(network, whole), cells[-1]
    text = f"boxes {units.percent(share.mid)} ({units.percent(share.low)} to {units.percent(share.high)})"
    values = interval_values(f"{runtime}.share_of_boxes", share)
    return [cells[0], replace(last, under=(*last.under, text), values={**last.values, **values})]


def _time(record: Record | None, name: str) -> TableCell:
    if record is None:
        return TableCell(ABSENT)
    if record.latency is None:
        return TableCell(headline(record.outcome), values={f"{name}.outcome": headline(record.outcome)}, tag=True)
    return milliseconds_cell(record.latency, f"{name}.median_s")


def _caption(detectors: Sequence[_Detector], place: Place) -> str:
    networks = [replace(one, cells={key: cell for key, cell in one.cells.items() if not key[1]}) for one in detectors]
    accounts = agreement([cell for one in networks for cell in one.cells.values()])
    anchors = sorted({one.any.sizes["anchors"] for one in detectors})
    missing = [name for name in table6() if name not in {backbone(one.operator) for one in detectors}]
    parts = [
        (
            f"Time of one image of {place.edge}x{place.edge} with {', '.join(f'{count:,}' for count in anchors)} "
            f"anchors: median and 95 % interval. {NETWORK.capitalize()}: scores and offsets. {WHOLE.capitalize()}: the "
            "best 1000 scores decoded and suppressed by class, 100 left. What that takes depends on the image. This "
            "one and the weights are drawn, with more scores above the threshold than are looked at. Eager PyTorch's "
            "scores and offsets are copied into one tensor within the time, its detections are not."
        ),
        (
            "mAP@[0.5:0.95] and mIOU are from the paper and its training on COCO; nothing of them was measured here, "
            "and it gives neither parameters nor MACs nor latency of detectors. MACs are those of convolutions."
        ),
        accounts,
        f"Of the paper's backbones this run does not have {', '.join(missing)}." if missing else "",
    ]
    return " ".join(filter(None, parts))


REPORT = Report(
    about="detectors by backbone: parameters, MACs, latency with and without boxes, the paper's Table 6 beside",
    order=7,
    render=render,
)
