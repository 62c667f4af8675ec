"""Whether what a kernel saves alone is what a model saves that holds it: predicted against measured."""

from __future__ import annotations

from collections.abc import Sequence

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.figures.savings_figure import savings_figure
from reports.layout.table_files import Cell, Column, Row, interval_values, milliseconds_cell, table_files
from reports.models.classifiers import shown
from reports.models.saving_predictions import Prediction, predictions

_TITLE = "From the kernel to the model"
_CALL, _SAVED, _GAIN = "one call of the model, ms", "saving, ms", "gain: baseline over ours"
_COLUMNS = (
    Column("Model", kind=""),
    Column("Runtimes", "baseline, ours", kind=""),
    Column("baseline", group=_CALL),
    Column("ours", group=_CALL),
    Column("predicted", group=_SAVED),
    Column("measured", group=_SAVED),
    Column("gap", group=_SAVED),
    Column("predicted", group=_GAIN),
    Column("measured", group=_GAIN),
    Column("gap", group=_GAIN),
)
_MOST_ABSENT = 2  # reasons written out; how many more there are is said


def render(records: Sequence[Record]) -> list[Artifact]:
    """The table, and a figure of what could be predicted."""
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


def _rows(prediction: Prediction) -> list[Row]:
    """The numbers, and below them what is missing where something is."""
    numbers = Row(_cells(prediction), first=True)
    return [numbers, Row([Cell(_missing(prediction), span=len(_COLUMNS))])] if prediction.absent else [numbers]


def _cells(prediction: Prediction) -> list[Cell]:
    where = f"{prediction.place}, batch {prediction.batch}"
    return [
        Cell(
            shown(prediction.operator),
            (where,),
            {"operator": prediction.operator, "place": prediction.place, "batch": prediction.batch},
        ),
        Cell(
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


def _time(value: Interval | None, name: str) -> Cell:
    return milliseconds_cell(value, name) if value else Cell("–")


def _gain(value: Interval | None, name: str) -> Cell:
    if value is None:
        return Cell("–")
    ends = f"{units.factor(value.low)[:-1]} to {units.factor(value.high)[:-1]}"
    return Cell(units.factor(value.mid), (ends,), interval_values(name, value), strong=True)


def _gap(value: float | None, name: str) -> Cell:
    return Cell("–") if value is None else Cell(f"{100 * value:+.1f} %", values={name: value})


def _missing(prediction: Prediction) -> str:
    reasons, more = prediction.absent[:_MOST_ABSENT], len(prediction.absent) - _MOST_ABSENT
    return f"Not predicted: {'; '.join([*reasons, f'and {more} more'] if more > 0 else reasons)}."


REPORT = Report(
    about="what the parts' own records predict a model to save, against what it was measured to save",
    order=2,
    render=render,
)
