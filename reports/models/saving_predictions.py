"""From a kernel to a model: what a model should save if its parts save what they save alone.

    predicted saving = sum over the parts of  count x (median under the baseline - median under ours)
    measured saving  = median of the model under the baseline - median under ours
    gain             = baseline / ours; the predicted one is baseline / (baseline - predicted saving)

Intervals come from those of the medians: half-widths of independent estimates add in quadrature. A part that is there
`count` times is one estimate, so its half-width is multiplied and not averaged. Medians that share noise, as those of
backends that take turns do, are closer than this says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from opbench.vocabulary.case import Point
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.work import Part
from reports.data.problems import headline
from reports.data.series import settled
from reports.models.classifiers import of_models, place_label, place_of

PAIRS = (("ort_stock", "ort_custom"), ("torch_eager", "cpp_ext"))
"""Runtimes that differ in how they compute the parts and in nothing else: the baseline, and ours."""

RecordOfCase = Mapping[tuple[Point, str], Record]


@dataclass(frozen=True)
class SavingPrediction:
    """What one model should save in one pair of runtimes, and what it saves.

    slow, quick: its times under the baseline and ours, in seconds.
    predicted: the sum of its parts' savings, in seconds.
    absent: why something is missing, one text each; where there is any, what depends on it is None.
    """

    operator: str
    batch: int
    place: str
    baseline: str
    ours: str
    slow: Interval | None
    quick: Interval | None
    predicted: Interval | None
    absent: tuple[str, ...]

    @property
    def measured(self) -> Interval | None:
        return difference(self.slow, self.quick) if self.slow and self.quick else None

    @property
    def measured_gain(self) -> Interval | None:
        return self.slow.over(self.quick) if self.slow and self.quick else None

    @property
    def predicted_gain(self) -> Interval | None:
        """None as well where the parts save as much as the whole model takes: there is no such gain."""
        return gain(self.slow, self.predicted) if self.slow and self.predicted else None

    @property
    def saving_gap(self) -> float | None:
        """Predicted over measured saving, less 1. None where nothing was saved: a share of it says nothing."""
        if self.measured is None or self.predicted is None or self.measured.mid <= 0:
            return None
        return self.predicted.mid / self.measured.mid - 1

    @property
    def gain_gap(self) -> float | None:
        """Predicted over measured gain, less 1."""
        if self.predicted_gain is None or self.measured_gain is None:
            return None
        return self.predicted_gain.mid / self.measured_gain.mid - 1


def difference(a: Interval, b: Interval) -> Interval:
    """Subtract b from a."""
    mid = a.mid - b.mid
    return Interval(
        mid - math.hypot(a.mid - a.low, b.high - b.mid), mid, mid + math.hypot(a.high - a.mid, b.mid - b.low)
    )


def total(savings: Sequence[tuple[int, Interval]]) -> Interval:
    """Sum counts times savings."""
    mid = sum(count * saving.mid for count, saving in savings)
    down = math.hypot(*(count * (saving.mid - saving.low) for count, saving in savings))
    up = math.hypot(*(count * (saving.high - saving.mid) for count, saving in savings))
    return Interval(mid - down, mid, mid + up)


def gain(baseline: Interval, saving: Interval) -> Interval | None:
    """Divide the baseline by what is left of it, through the share that is saved. None where that share reaches 1."""
    share = saving.mid / baseline.mid
    up = math.hypot((saving.high - saving.mid) / baseline.mid, share * (baseline.mid - baseline.low) / baseline.mid)
    down = math.hypot((saving.mid - saving.low) / baseline.mid, share * (baseline.high - baseline.mid) / baseline.mid)
    if share + up >= 1:
        return None
    return Interval(1 / (1 - share + down), 1 / (1 - share), 1 / (1 - share - up))


def predictions(records: Iterable[Record]) -> list[SavingPrediction]:
    """Predict for each model with parts, point and pair of runtimes that the run has records of, whatever they say."""
    without_replicas = [record for record in settled(records) if not record.case.replica]
    by_case = {(record.case.point, record.case.backend): record for record in without_replicas}
    models = [record for record in of_models(without_replicas) if record.parts]
    places = [place_of(record) for record in models]
    return [
        _prediction(record, by_case, baseline, ours, place_label(place_of(record), places))
        for baseline, ours in PAIRS
        for record in models
        if record.case.backend == baseline and (record.case.point, ours) in by_case
    ]


def _prediction(record: Record, by_case: RecordOfCase, baseline: str, ours: str, place: str) -> SavingPrediction:
    point, absent = record.case.point, []
    savings = []
    for part in record.parts:
        inside = _inside(part, point)
        missing = [_absence(by_case, inside, name) for name in (baseline, ours)]
        absent += [text for text in missing if text]
        if not any(missing):
            savings.append((part.count, _saving(by_case, inside, baseline, ours)))
    predicted = None if absent else total(savings)
    absent += [text for name in (baseline, ours) if (text := _absence(by_case, point, name))]
    slow, quick = by_case[point, baseline].latency, by_case[point, ours].latency
    batch = point.axes.get("batch", 1)
    return SavingPrediction(point.operator, batch, place, baseline, ours, slow, quick, predicted, tuple(absent))


def _inside(part: Part, point: Point) -> Point:
    """Where the part's own records are: all but the operator and its axes as for the model."""
    return replace(point, operator=part.operator, axes=part.axes)


def _absence(by_case: RecordOfCase, point: Point, backend: str) -> str:
    """Why there is no latency of it; "" where there is one."""
    record = by_case.get((point, backend))
    what = f"{point.operator}({point.axes}) in {backend}"
    if record is None:
        return f"no record of {what}"
    return "" if record.latency else f"{what}: {headline(record.outcome)}"


def _saving(by_case: RecordOfCase, point: Point, baseline: str, ours: str) -> Interval:
    slow, quick = by_case[point, baseline].latency, by_case[point, ours].latency
    assert slow is not None  # _absence said so
    assert quick is not None
    return difference(slow, quick)
