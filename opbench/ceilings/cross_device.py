"""One device predicted from another, where both measured the same cases: each kind of a merged run from every other.

Records carry their limits, which are of their own machine: from those of the source it follows what a backend makes of
its machine, from those of the target what there is to be made of that one. No file of ceilings is needed beside them.
The expectation itself is that of `opbench.ceilings.prediction`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from opbench.ceilings.prediction import CallCost, PointIdentity, Prediction, call_cost, point_identity
from opbench.measure.timing.clocks import DEFAULT
from opbench.vocabulary.case import Point
from opbench.vocabulary.record import Record

Key = tuple[PointIdentity, str, str]
"""Of a case on any device: its point, its backend, and its clock, "" where those cannot be the same."""


@dataclass(frozen=True)
class DevicePair:
    """The cases of one kind of device as they were expected from another, and as they were measured.

    source, target: the devices of the records' points, by which `RecordFile.told_apart` tells kinds apart.
    predictions: each with `expected_s`, `measured_s` and `unscaled_s`; at least one.
    """

    source: str
    target: str
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class _Case:
    """A measured case with a limit. sort: of its device, such as `cpu`, whatever its kind is called."""

    point: Point
    backend: str
    sort: str
    cost: CallCost


def device_pairs(records: Iterable[Record]) -> list[DevicePair]:
    """Every ordered pair of kinds of devices that have a case in common, in the order the kinds came.

    A case is held against the same operator, axes, dtype, mode and backend, and against the same clock: between a CPU
    and a GPU, which have none in common, the usual one of each. What has no limit, or was not measured, is in no pair.
    """
    kinds: dict[str, list[_Case]] = {}
    for record in records:
        cost = call_cost(record)
        if cost is not None:
            point = record.case.point
            sort = str(record.environment.get("device", point.device))
            kinds.setdefault(point.device, []).append(_Case(point, record.case.label, sort, cost))
    pairs = (
        DevicePair(*names, tuple(_predictions(*map(kinds.__getitem__, names)))) for names in permutations(kinds, 2)
    )
    return [pair for pair in pairs if pair.predictions]


def _predictions(source: list[_Case], target: list[_Case]) -> Iterator[Prediction]:
    alike = {case.sort for case in source} == {case.sort for case in target}
    known = _keyed(source, alike=alike)
    for key, case in _keyed(target, alike=alike).items():
        if key in known:
            cost, limit = known[key].cost, case.cost.limit
            expected_s = cost.expected_s(limit)
            yield Prediction(case.point, case.backend, limit, expected_s, case.cost.seconds, cost.seconds)


def _keyed(cases: list[_Case], *, alike: bool) -> Mapping[Key, _Case]:
    """alike: whether both devices have the same clocks."""
    return {
        (point_identity(case.point), case.backend, case.point.clock if alike else ""): case
        for case in cases
        if alike or case.point.clock == DEFAULT.get(case.sort)
    }
