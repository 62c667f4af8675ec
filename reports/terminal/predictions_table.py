"""Predictions for a machine that is not here, for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from opbench.ceilings import Ceilings
from opbench.ceilings.prediction import Prediction
from opbench.ceilings.prediction_error import PredictionError
from opbench.cli.plain import plain
from opbench.store.environment_kinds import device_text
from reports.data import units
from reports.data.naming import common_ground, point_names


def predictions_table(
    predictions: Sequence[Prediction], errors: Mapping[str, PredictionError], ceilings: Ceilings
) -> Group:
    """Print point, what bounds it and the limit; by backend what is expected, and what was measured there."""
    head = Text(plain(f"predicted for {device_text(ceilings.environment)}"), style="bold")
    ground = common_ground([prediction.point for prediction in predictions])
    return Group(head, _table(predictions), Text(plain(ground), style="dim"), *_errors_text(predictions, errors))


def _table(predictions: Sequence[Prediction]) -> Table:
    name = point_names(prediction.point for prediction in predictions)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("operator", "point", "bound by", "backend"):
        table.add_column(column)
    for column in ("limit", "expected", "measured", "error"):
        table.add_column(column, justify="right", no_wrap=True)
    for prediction in predictions:
        error = f"{prediction.error:+.0%}" if prediction.error is not None else ""
        times = (prediction.limit.seconds, prediction.expected_s, prediction.measured_s)
        cells = ["" if time is None else units.seconds(time) for time in times]
        names = (prediction.point.operator, name(prediction.point), prediction.limit.bound_by, prediction.backend)
        table.add_row(*(Text(plain(text)) for text in names), *cells, error)
    return table


def _errors_text(predictions: Sequence[Prediction], errors: Mapping[str, PredictionError]) -> Iterator[Text]:
    """How good the predictions are, or what is missing to say so."""
    if not any(prediction.expected_s for prediction in predictions):
        yield Text("limits only: --run RUN carries over how near each backend came to its limit in that run")
    if not errors:
        yield Text("not held against anything: --measured RUN names a run of that machine", style="yellow")
    for backend, error in errors.items():
        who = plain(backend) or "all backends"
        yield Text(
            f"{who}: off by {units.factor(error.typical)} on average, {units.factor(error.worst)} at worst, expected "
            f"over measured {units.factor(error.bias)} ({error.cases} cases)"
        )
