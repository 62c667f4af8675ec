"""From the records of several rounds to ceilings.

Whatever disturbs a machine makes it slower, so a ceiling is the best that was sustained: of each round the time that a
tenth of the samples do not exceed, of the rounds the best, of the backends the quickest. On a virtual machine whose
memory had half its bandwidth for seconds at a time, medians of single rounds differed by 2x.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from opbench import catalog
from opbench.caches import CacheUse
from opbench.ceilings.ceiling import ARITHMETIC, COSTS, MEMORY, Ceilings, Level, Rate
from opbench.ceilings.memory_levels import memory_levels
from opbench.ceilings.storage import machine_identity
from opbench.errors import MachineError
from opbench.vocabulary.record import Measured, Record

QUICK = 10
"""One sample in so many is quicker than the time that counts as sustained."""

SAME = 1.2
"""Two levels whose rates are nearer than this, read, written and copied, are one: memory that is shared repeats within
10 %, and the nearest levels that differ are 1.4 apart (third level and DRAM, two cores of an EPYC 9004)."""

Key = tuple[str, int | str]
"""A kind of ceiling and what it depends on: the size of the working set, or the dtype; of a cost, nothing."""


def estimate_ceilings(records: Sequence[Record], use: CacheUse | None = None) -> Ceilings:
    """Return the ceilings that records of operators with a `ceiling` say, one replica a round.

    use: what the threads have of the caches, what is known of this machine where left out.
    Raises MachineError where not even a bandwidth was measured, with the reasons that the records give.
    """
    rates = _rates(records)
    environment = records[-1].environment if records else {}
    if not any(kind in MEMORY for kind, _ in rates):
        reasons = sorted({str(getattr(record.outcome, "reason", record.outcome)) for record in records})
        raise MachineError(f"no bandwidth could be measured on this machine: {'; '.join(reasons) or 'no records'}")
    bandwidth = {kind: _falling(_rates_of(rates, kind)) for kind in MEMORY}
    return Ceilings(
        environment=machine_identity(environment),
        levels=merge_same_levels(memory_levels(environment, use=use), bandwidth),
        bandwidth=bandwidth,
        arithmetic={kind: _rates_of(rates, kind) for kind in ARITHMETIC},
        costs={kind: rate for kind in COSTS for rate in _rates_of(rates, kind).values()},
        revision=records[-1].revision,
        measured=records[-1].started,
    )


def _rates_of(rates: Mapping[Key, Rate], kind: str) -> dict[Any, Rate]:
    """The rates of a kind by working set or dtype, ascending."""
    depends_on: list[Any] = [key[1] for key in rates if key[0] == kind]
    return {each: rates[kind, each] for each in sorted(depends_on)}


def _falling(curve: dict[int, Rate]) -> dict[int, Rate]:
    """What a large working set gets, a smaller one gets too: it only was measured in a worse moment."""
    falling: dict[int, Rate] = {}
    best = Rate(0.0, 0.0, 0.0)
    for size_bytes, rate in reversed(curve.items()):
        best = Rate(rate.low, max(rate.mid, best.mid), max(rate.high, best.high))
        falling[size_bytes] = best
    return dict(reversed(falling.items()))


def merge_same_levels(levels: Sequence[Level], bandwidth: Mapping[str, Mapping[int, Rate]]) -> tuple[Level, ...]:
    """Return the levels without those that are no faster than the next one: what lies in them lies in that.

    Each is compared at the largest working set that was measured in it. One in which none was is kept.
    """
    merged: list[Level] = []
    for level in reversed(levels):
        if not merged or not _same(_inside(level, levels, bandwidth), _inside(merged[0], levels, bandwidth)):
            merged.insert(0, level)
    return tuple(merged)


def _inside(level: Level, levels: Sequence[Level], bandwidth: Mapping[str, Mapping[int, Rate]]) -> dict[str, Rate]:
    """By kind, the rate at the largest working set that this level and none before it holds."""
    smaller = max((other.size_bytes for other in levels if other.size_bytes < level.size_bytes), default=0)
    return {
        kind: curve[max(sizes)]
        for kind, curve in bandwidth.items()
        if (sizes := [size for size in curve if smaller < size <= level.size_bytes])
    }


def _same(rates: Mapping[str, Rate], next_rates: Mapping[str, Rate]) -> bool:
    common = rates.keys() & next_rates.keys()
    return bool(common) and all(rates[kind].mid < SAME * next_rates[kind].mid for kind in common)


def _rates(records: Iterable[Record]) -> dict[Key, Rate]:
    times: dict[Key, dict[int, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        kind = catalog.operator(record.case.point.operator).ceiling
        if isinstance(record.outcome, Measured) and kind:
            times[kind, _depends_on(record, kind)][record.case.replica].append(_seconds_per_unit(record, kind))
    return {key: _rate(list(rounds.values()), cost=key[0] in COSTS) for key, rounds in times.items()}


def _depends_on(record: Record, kind: str) -> int | str:
    if kind in MEMORY:
        return int(record.sizes["working_set_bytes"])
    return record.case.point.dtype if kind in ARITHMETIC else ""


def _seconds_per_unit(record: Record, kind: str) -> list[float]:
    """Of every sample: seconds a byte, a multiply-add, a call or a page fault, the quickest first."""
    outcome, work = record.outcome, record.work
    assert isinstance(outcome, Measured)
    assert work is not None
    units: float = 1
    if kind in MEMORY:
        units = work.moved_bytes
    elif kind in ARITHMETIC:
        units = work.macs
    elif kind == "page":
        units = max(1.0, outcome.page_faults_per_call)
    return sorted(sample_s / units for sample_s in outcome.samples_s)


def _rate(rounds: Sequence[Sequence[Sequence[float]]], *, cost: bool) -> Rate:
    """rounds: of each, every backend's times, the quickest first.

    The high end is the quickest sample or, where that is further, as far beyond the best round as the middle one is
    below it. With the quickest sample alone, 3 to 5 of 27 figures of a second run lay above the first one's interval.
    """
    sustained = sorted(min(times[len(times) // QUICK] for times in backends) for backends in rounds)
    best, worst = sustained[0], sustained[-1]
    quickest = min(best**2 / median(sustained), *(times[0] for backends in rounds for times in backends))
    return Rate(worst, best, quickest) if cost else Rate(1 / worst, 1 / best, 1 / quickest)
