"""Each kind of device predicted from every other: by backend how far off, held against what was measured there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opbench.ceilings.cross_device import DevicePair
from opbench.ceilings.prediction_error import PredictionError, choice, prediction_errors
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.predictions import ALL, HOW, pairs_of
from reports.layout.table_files import ABSENT, TableCell, TableColumn, TableRow, table_files

COLUMNS = (
    TableColumn("Expected on", "from", kind=""),
    TableColumn("Backend", kind=""),
    TableColumn("Cases"),
    TableColumn("Off by", "at worst"),
    TableColumn("Expected over measured", "quartiles"),
    TableColumn("Unscaled", "off by"),
    TableColumn("Right choice", "its cost"),
)


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make the table; [] where fewer than two kinds of devices measured the same cases and have limits."""
    pairs = pairs_of(records)
    if not pairs:
        return []
    caption = (
        "What a backend was expected to take on one device, from what it took on another and from what both can do, "
        f"over what it took. {HOW} Off by: a factor, whichever side it was off to, in geometric mean, and at worst. "
        "Unscaled: how far off it would be to take a case to last as long as on the other device. Right choice: at how "
        "many points the backend that was expected to be the fastest was, and the time of the one so chosen over that "
        "of the fastest, geometric mean."
    )
    rows = [row for pair in pairs for row in _rows(pair)]
    return table_files("predicted_devices", "One device predicted from another", caption, COLUMNS, rows)


def _rows(pair: DevicePair) -> Iterator[TableRow]:
    """All backends first, then each."""
    errors = prediction_errors(pair.predictions)
    for name in sorted(errors):
        of_backend = tuple(one for one in pair.predictions if name in ("", one.backend))
        yield TableRow(
            [
                TableCell(
                    "" if name else pair.target,
                    () if name else (f"from {pair.source}",),
                    {"target": pair.target, "source": pair.source},
                ),
                TableCell(name or ALL, values={"backend": name}),
                *_figures(errors[name]),
                TableCell("") if name else _chosen(DevicePair(pair.source, pair.target, of_backend)),
            ],
            first=not name,
        )


def _figures(error: PredictionError) -> Iterator[TableCell]:
    yield TableCell(str(error.cases), values={"cases": error.cases})
    factors = {"typical_factor": error.typical, "worst_factor": error.worst}
    yield TableCell(units.factor(error.typical), (units.factor(error.worst),), factors, strong=True)
    first, middle, third = error.quartiles
    values = {
        "expected_over_measured_p25": first,
        "expected_over_measured": middle,
        "expected_over_measured_p75": third,
    }
    yield TableCell(units.factor(middle), (units.factors_between(first, third),), values)
    if error.unscaled is None:
        yield TableCell(ABSENT)
    else:
        yield TableCell(units.factor(error.unscaled), values={"unscaled_factor": error.unscaled})


def _chosen(pair: DevicePair) -> TableCell:
    found = choice(pair.predictions)
    if found is None:
        return TableCell(ABSENT)
    values = {"choice_points": found.points, "choice_right": found.right, "choice_cost": found.cost}
    return TableCell(f"{found.right} of {found.points}", (units.factor(found.cost),), values)


REPORT = Report(
    about="of several kinds of devices, how far each backend's latency was off as predicted from each other kind",
    order=24,
    render=render,
)
