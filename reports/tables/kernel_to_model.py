"""Whether what a kernel saves alone is what a model saves that holds it: predicted against measured."""

from __future__ import annotations

from collections.abc import Sequence

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.figures.savings_figure import savings_figure
from reports.layout.table_files import (
    ABSENT,
    TableCell,
    TableColumn,
    TableRow,
    interval_values,
    milliseconds_cell,
    table_files,
)
from reports.models.classifiers import shown
from reports.models.saving_predictions import SavingPrediction, predictions

_TITLE = "From the kernel to the model"
_CALL, _SAVED, _GAIN = "one call of the model, ms", "saving, ms", "gain: baseline over ours"
_COLUMNS = (
    TableColumn("Model", kind=""),
    TableColumn("Runtimes", "baseline, ours", kind=""),
    TableColumn("baseline", group=_CALL),
    TableColumn("ours", group=_CALL),
    TableColumn("predicted", group=_SAVED),
    TableColumn("measured", group=_SAVED),
    TableColumn("gap", group=_SAVED),
    TableColumn("predicted", group=_GAIN),
    TableColumn("measured", group=_GAIN),
    TableColumn("gap", group=_GAIN),
)
_MOST_ABSENT = 2  # reasons written out; how many more there are is said


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make the table, and a figure of what could be predicted."""
    predictions_made = predictions(records)
    if not predictions_made:
        return []
    rows = [row for prediction in predictions_made for row in _rows(prediction)]
    return [*table_files("kernel_to_model", _TITLE, _caption(), _COLUMNS, rows), *savings_figure(predictions_made)]


def _caption() -> str:
    return (
        "Predicted saving: over all parts of the model, how often it holds the part times (median of the part under "
        "the baseline less its median under ours), each measured alone in the same run. Measured saving: the model's "
        "median under the baseline less that under ours. Gap: predicted over measured, less 1; – where nothing was "
        "saved or a part has no latency. Intervals are 95 %, from those of the medians taken as independent."
    )


def _rows(prediction: SavingPrediction) -> list[TableRow]:
    """The numbers, and below them what is missing where something is."""
    numbers = TableRow(_cells(prediction), first=True)
    return (
        [numbers, TableRow([TableCell(_missing(prediction), span=len(_COLUMNS))])] if prediction.absent else [numbers]
    )


def _cells(prediction: SavingPrediction) -> list[TableCell]:
    where = f"{prediction.place}, batch {prediction.batch}"
    return [
        TableCell(
            shown(prediction.operator),
            (where,),
            {"operator": prediction.operator, "place": prediction.place, "batch": prediction.batch},
        ),
        TableCell(
            prediction.baseline,
            (prediction.ours,),
            {"baseline": prediction.baseline, "ours": prediction.ours, "missing": "; ".join(prediction.absent)},
        ),
        _time(prediction.slow, "baseline.median_s"),
        _time(prediction.quick, "ours.median_s"),
        _time(prediction.predicted, "predicted_saving_s"),
        _time(prediction.measured, "measured_saving_s"),
        _gap(prediction.saving_gap, "saving_gap"),
        _gain(prediction.predicted_gain, "predicted_gain"),
        _gain(prediction.measured_gain, "measured_gain"),
        _gap(prediction.gain_gap, "gain_gap"),
    ]


def _time(value: Interval | None, name: str) -> TableCell:
    return milliseconds_cell(value, name) if value else TableCell(ABSENT)


def _gain(value: Interval | None, name: str) -> TableCell:
    if value is None:
        return TableCell(ABSENT)
    ends = units.factors_between(value.low, value.high)
    return TableCell(units.factor(value.mid), (ends,), interval_values(name, value), strong=True)


def _gap(value: float | None, name: str) -> TableCell:
    return TableCell(ABSENT) if value is None else TableCell(f"{100 * value:+.1f} %", values={name: value})


def _missing(prediction: SavingPrediction) -> str:
    reasons, more = prediction.absent[:_MOST_ABSENT], len(prediction.absent) - _MOST_ABSENT
    return f"Not predicted: {'; '.join([*reasons, f'and {more} more'] if more > 0 else reasons)}."


REPORT = Report(
    about="what the parts' own records predict a model to save, against what it was measured to save",
    order=2,
    render=render,
)
