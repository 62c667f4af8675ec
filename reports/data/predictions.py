"""What is said of predictions that were held against measurements, in words that tables, figures and pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opbench.ceilings.cross_device import DevicePair, device_pairs
from opbench.ceilings.prediction import Prediction
from opbench.ceilings.prediction_error import PredictionError, choice
from opbench.vocabulary.record import Record
from reports.data import units
from reports.data.machine_records import besides_machine
from reports.data.naming import counted
from reports.data.series import settled

ALL = "all backends"

HOW = (
    "What the roofline takes is carried over by the ratio of both devices' rooflines, what the work takes beyond it by "
    "that of their arithmetic, and what is no work (dispatch and allocation where a split says how much, else an empty "
    "call) by that of an empty call."
)
"""What a prediction is, for captions."""


def pairs_of(records: Sequence[Record]) -> list[DevicePair]:
    """Every kind of device as it is expected from each other one; [] where the records are of one, or have no limits.

    The machine's own loops are left out: they are what the limits are made of.
    """
    if len({record.case.point.device for record in records}) < 2:
        return []
    return device_pairs(settled(besides_machine(records)))


def held(predictions: Iterable[Prediction]) -> list[tuple[float, float]]:
    """List expected and measured seconds of those that have both."""
    return [
        (one.expected_s, one.measured_s)
        for one in predictions
        if one.expected_s is not None and one.measured_s is not None
    ]


def quartiles_text(error: PredictionError) -> str:
    """Write `1.02× (0.97 to 1.10)`: the median of expected over measured, and the half of the cases around it."""
    first, middle, third = error.quartiles
    return f"{units.factor(middle)} ({units.factors_between(first, third)})"


def chosen_text(predictions: Sequence[Prediction]) -> str:
    """Write a sentence on the backends that somebody would have chosen by these predictions."""
    found = choice(predictions)
    if found is None:
        return "no point has two backends to choose from"
    return (
        f"the backend expected to be the fastest was at {found.right} of {counted(found.points, 'point')}; choosing by "
        f"it costs {units.factor(found.cost)} the fastest's time in geometric mean"
    )
