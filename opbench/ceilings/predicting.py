"""What if: how long a sweep would take on a machine that is not here, from its ceilings alone.

The limit there is the roofline of the same Work. A backend that was measured here is expected to come as near to the
limit there as it came to the limit here; where that machine was measured too, the error of both is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from opbench import catalog
from opbench.ceilings.roofline import limit_of
from opbench.interval import geometric_mean
from opbench.record import Measured, Record, Unavailable
from opbench.run import plan
from opbench.timing.clocks import clock_for

if TYPE_CHECKING:
    from opbench.case import Point
    from opbench.ceilings.ceiling import Ceilings
    from opbench.limit import Limit
    from opbench.sweep import Sweep

Where = tuple[str, str, str, tuple[tuple[str, int], ...]]
"""Operator, dtype, mode and axes: what two machines can have in common."""


@dataclass(frozen=True)
class Prediction:
    """One backend at one point, on the machine of the ceilings. Seconds; None is not known.

    backend: "" where none was measured anywhere, and only the limit is told.
    """

    point: Point
    backend: str
    limit: Limit
    expected_s: float | None = None
    measured_s: float | None = None

    @property
    def error(self) -> float | None:
        """Expected over measured, less one: +0.5 is half as long again as it took."""
        if self.expected_s is None or self.measured_s is None:
            return None
        return self.expected_s / self.measured_s - 1


def where(point: Point) -> Where:
    return point.operator, point.dtype, point.mode, tuple(sorted(point.axes.items()))


def predictions(
    sweep: Sweep, ceilings: Ceilings, here: Sequence[Record] = (), there: Sequence[Record] = ()
) -> list[Prediction]:
    """Every point of the sweep on the machine of the ceilings.

    here: records with limits, whose share of the limit carries over. there: records of that machine.
    Points whose Work or rates are not known are left out.
    """
    shares, times = _shares(here), _times(there)
    found = []
    for record in _unmeasured(sweep, str(ceilings.environment.get("device", "cpu"))):
        if (bound := limit_of(record, ceilings)) is None:
            continue
        point = record.case.point
        backends = dict.fromkeys((*shares.get(where(point), {}), *times.get(where(point), {}))) or {"": None}
        for backend in backends:
            share = shares.get(where(point), {}).get(backend)
            expected_s = bound.seconds / share if share else None
            found.append(Prediction(point, backend, bound, expected_s, times.get(where(point), {}).get(backend)))
    return found


def _unmeasured(sweep: Sweep, device: str) -> Iterable[Record]:
    """A record of every point with its Work, which takes no measuring."""
    for task in plan(sweep, device, clock_for(device)):
        if task.skip is None and task.cases:
            operator = catalog.operator(task.point.operator)
            sizes = operator.sizes(task.point.axes)
            nothing = Unavailable("predicted, not measured")
            yield Record(task.cases[0], nothing, {}, "", "", operator.work(task.point), sizes)


def _shares(records: Iterable[Record]) -> dict[Where, dict[str, float]]:
    found: dict[Where, dict[str, float]] = {}
    for record in records:
        if (share := record.fraction_of_limit) is not None:
            found.setdefault(where(record.case.point), {})[record.case.label] = share
    return found


def _times(records: Iterable[Record]) -> dict[Where, dict[str, float]]:
    found: dict[Where, dict[str, float]] = {}
    for record in records:
        if isinstance(record.outcome, Measured):
            found.setdefault(where(record.case.point), {})[record.case.label] = median(record.outcome.samples_s)
    return found


@dataclass(frozen=True)
class Error:
    """How far predictions of one backend were off: factors of 1 and above, whichever side they were off to.

    typical: the geometric mean; worst: the largest. bias: expected over measured, geometric mean.
    """

    cases: int
    typical: float
    worst: float
    bias: float


def errors(found: Iterable[Prediction]) -> Mapping[str, Error]:
    """By backend, over the predictions that were measured too; under "" over all of them."""
    ratios: dict[str, list[float]] = {}
    for one in found:
        if (error := one.error) is not None:
            for name in (one.backend, ""):
                ratios.setdefault(name, []).append(1 + error)
    return {name: _error(values) for name, values in ratios.items()}


def _error(ratios: Sequence[float]) -> Error:
    factors = [max(ratio, 1 / ratio) for ratio in ratios]
    return Error(len(ratios), geometric_mean(factors), max(factors), geometric_mean(ratios))
