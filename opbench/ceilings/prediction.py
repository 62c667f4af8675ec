"""What if: how long a sweep would take on a machine that is not here, from its ceilings alone.

The limit there is the roofline of the same Work. Of a backend that was measured here, what the roofline takes is
expected to take what it takes there; what the work takes beyond that, to be instructions, and to go by the arithmetic
of both machines (of what computes nothing, by the roofline too); and what is no work (dispatch and allocation where the
record has a split, else an empty call), to take as much longer or shorter as an empty call does. Where that machine was
measured too, the error is told.

Four pairs of records (`python -m benchmarks.trust.predicted_devices`) chose that: EPYC to Xeon and back, 124 cases of
two threads without splits, and one thread to two and back, 66 with splits. Off by, in geometric mean: 1.36, 1.50, 1.50,
1.58. With all of the work by the rooflines, as it was before: 2.88, 2.87, 1.52, 1.60, because most cases are far from
them. What lies beyond the roofline taken as it is: 1.34, 1.47, 1.35, 1.30; but a GPU would then be expected to take as
long as a CPU for it. With one share of the limit for the whole call, dispatch included, threads were off by 1.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from opbench import catalog
from opbench.ceilings.ceiling import Ceilings
from opbench.ceilings.roofline import limit_of
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import plan
from opbench.vocabulary.case import Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Measured, Record, Unavailable
from opbench.vocabulary.sweep import Sweep

PointIdentity = tuple[str, str, str, tuple[tuple[str, int], ...]]
"""Operator, dtype, mode and axes: what two machines can have in common."""


@dataclass(frozen=True)
class Prediction:
    """One backend at one point, on the machine of the ceilings. Seconds; None is not known.

    backend: "" where none was measured anywhere, and only the limit is told.
    unscaled_s: what it took on the machine that it is carried over from.
    """

    point: Point
    backend: str
    limit: Limit
    expected_s: float | None = None
    measured_s: float | None = None
    unscaled_s: float | None = None

    @property
    def error(self) -> float | None:
        """Expected over measured, less one: +0.5 is half as long again as it took."""
        if self.expected_s is None or self.measured_s is None:
            return None
        return self.expected_s / self.measured_s - 1


def point_identity(point: Point) -> PointIdentity:
    return point.operator, point.dtype, point.mode, tuple(sorted(point.axes.items()))


def predict_sweep(
    sweep: Sweep, ceilings: Ceilings, here: Sequence[Record] = (), there: Sequence[Record] = ()
) -> list[Prediction]:
    """Return predictions for every point of the sweep on the machine of the ceilings.

    here: records with limits, of which the share of the roofline carries over.
    there: records of that machine.
    Points whose Work or rates are not known are left out.
    """
    costs, medians_s = _call_costs(here), _medians_s(there)
    predictions = []
    for record in _unmeasured(sweep, str(ceilings.environment.get("device", "cpu"))):
        if (limit := limit_of(record, ceilings)) is None:
            continue
        point = record.case.point
        costs_here, medians_there = costs.get(point_identity(point), {}), medians_s.get(point_identity(point), {})
        for backend in dict.fromkeys((*costs_here, *medians_there)) or {"": None}:
            cost = costs_here.get(backend)
            expected_s, unscaled_s = (None, None) if cost is None else (cost.expected_s(limit), cost.seconds)
            measured_s = medians_there.get(backend)
            predictions.append(Prediction(point, backend, limit, expected_s, measured_s, unscaled_s))
    return predictions


@dataclass(frozen=True)
class CallCost:
    """What a record says of its backend: seconds that are no work, seconds that are, and its limit here."""

    fixed_s: float
    work_s: float
    limit: Limit

    @property
    def seconds(self) -> float:
        """What a call took."""
        return self.fixed_s + self.work_s

    def expected_s(self, there: Limit) -> float:
        """What it is expected to take where the same Work has this limit."""
        here = self.limit
        roofline = _ratio(there.roof_s, here.roof_s, 1.0)
        bound_s = min(self.work_s, here.roof_s)
        beyond = _ratio(there.arithmetic_s, here.arithmetic_s, roofline) * (self.work_s - bound_s)
        fixed = _ratio(there.launch_s, here.launch_s, 1.0) * self.fixed_s
        return max(there.seconds, fixed + roofline * bound_s + beyond)


def _ratio(there_s: float, here_s: float, unknown: float) -> float:
    """`unknown` where one of the two says nothing."""
    return there_s / here_s if there_s and here_s else unknown


def _unmeasured(sweep: Sweep, device: str) -> Iterable[Record]:
    """A record of every point with its Work, which takes no measuring."""
    for task in plan(sweep, device, clock_for(device)):
        if task.skip is None and task.cases:
            operator = catalog.operator(task.point.operator)
            sizes = operator.sizes(task.point.axes)
            outcome = Unavailable("predicted, not measured")
            yield Record(task.cases[0], outcome, {}, "", "", operator.work(task.point), sizes)


def _call_costs(records: Iterable[Record]) -> dict[PointIdentity, dict[str, CallCost]]:
    costs: dict[PointIdentity, dict[str, CallCost]] = {}
    for record in records:
        if (cost := call_cost(record)) is not None:
            costs.setdefault(point_identity(record.case.point), {})[record.case.label] = cost
    return costs


def call_cost(record: Record) -> CallCost | None:
    """Return what the record says of its backend; None where it has no limit, or was not measured."""
    if record.limit is None or not isinstance(record.outcome, Measured):
        return None
    median_s = median(record.outcome.samples_s)
    fixed_s = min(median_s, _fixed_s(record, record.outcome, record.limit))
    return CallCost(fixed_s, median_s - fixed_s, record.limit)


def _fixed_s(record: Record, outcome: Measured, limit: Limit) -> float:
    """Of a GPU an empty launch: its clocks hide what the host does, of which a split would tell."""
    split = outcome.split
    if not split or "cuda" in {record.environment.get("device"), record.case.point.device}:
        return limit.launch_s
    return split.get("dispatch", 0.0) + split.get("allocation", 0.0)


def _medians_s(records: Iterable[Record]) -> dict[PointIdentity, dict[str, float]]:
    medians_s: dict[PointIdentity, dict[str, float]] = {}
    for record in records:
        if isinstance(record.outcome, Measured):
            of_point = medians_s.setdefault(point_identity(record.case.point), {})
            of_point[record.case.label] = median(record.outcome.samples_s)
    return medians_s
