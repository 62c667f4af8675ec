"""Records held against the ceilings: each gets its limit, and one above it is measured against them once more.

A shared machine may simply be faster now than when its ceilings were measured, so a figure above them is first a
suspicion. The ceilings it exceeds are then measured again beside it; only what exceeds those too is impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opbench import catalog
from opbench.ceilings import stored
from opbench.ceilings.ceiling import ARITHMETIC, MEMORY, Ceilings, Rate
from opbench.ceilings.deriving import ceilings_of
from opbench.ceilings.measuring import tasks_for
from opbench.ceilings.roofline import limit_of, working_set
from opbench.errors import MachineError, UsageError
from opbench.record import Measured, Record

if TYPE_CHECKING:
    from opbench.limit import Limit
    from opbench.plan import Task

Measure = Callable[["Task"], Sequence[Record]]
"""Measures a task's cases now, in the process that measured the suspects."""

SMALLEST_KIB = 16

SKIPPED = 1.5
"""Times the limit, beyond which no cache and no algorithm we know explains it."""


@dataclass
class Believing:
    """Attaches limits. `ceilings` of the machine that measures; what is measured again raises them for this run."""

    ceilings: Ceilings
    environment: Mapping[str, Any]
    measure: Measure

    def held(self, records: Sequence[Record]) -> list[Record]:
        """The records with their limits; those that no machine can have reached carry a warning that says so."""
        found = [limited(record, self.ceilings) for record in records]
        suspects = [record for record in found if record.impossible]
        if not suspects:
            return found
        self._measure_again(suspects[0])
        return [_warned(limited(record, self.ceilings), "measured again beside it") for record in found]

    def _measure_again(self, suspect: Record) -> None:
        sizes = _sizes_kib(suspect, self.ceilings)
        tasks = [task for task in tasks_for(self.environment, sizes) if _concerns(task, suspect)]
        try:
            fresh = ceilings_of([record for task in tasks for record in self.measure(task)])
        except MachineError:  # nothing could be measured now: the ceilings stay what they were
            return
        self.ceilings = raised(self.ceilings, fresh)


def limited(record: Record, ceilings: Ceilings) -> Record:
    """The record with its limit on that machine, where the ceilings say enough for one."""
    return replace(record, limit=limit_of(record, ceilings))


def with_limits(records: Iterable[Record]) -> Iterator[Record]:
    """Records from before their machine's ceilings were known get their limits now, where they are known here.

    A file of ceilings that cannot be read costs only these.
    """
    known: dict[int, tuple[Mapping[str, Any], Ceilings | None]] = {}
    for record in records:
        if record.limit is not None:
            yield record
            continue
        environment = record.environment  # kept beside its id, which is then nobody else's
        if id(environment) not in known:
            known[id(environment)] = environment, _kept(environment)
        ceilings = known[id(environment)][1]
        yield record if ceilings is None else _warned(limited(record, ceilings), "which was not measured beside it")


def _kept(environment: Mapping[str, Any]) -> Ceilings | None:
    try:
        return stored.kept(environment)
    except UsageError:
        return None


def _sizes_kib(record: Record, ceilings: Ceilings) -> tuple[int, ...]:
    """The record's working set; of one in memory, however large, the largest that was measured."""
    largest = max(max(curve, default=0) for curve in ceilings.bandwidth.values())
    return (max(SMALLEST_KIB, min(working_set(record), largest) >> 10),)


def _concerns(task: Task, suspect: Record) -> bool:
    """Memory and costs always; arithmetic of its dtype and of float32, which stands in for those that have none."""
    kind = catalog.operator(task.point.operator).ceiling
    return kind not in ARITHMETIC or task.point.dtype in {suspect.case.point.dtype, "float32"}


def raised(ceilings: Ceilings, fresh: Ceilings) -> Ceilings:
    """The better of both, figure by figure. What one working set gets, smaller ones and those of its level get too."""
    bandwidth = {kind: dict(curve) for kind, curve in ceilings.bandwidth.items()}
    for kind in MEMORY:
        for size, rate in fresh.bandwidth[kind].items():
            curve = bandwidth.setdefault(kind, {})
            known = ceilings.bytes_per_s(kind, size)
            for other in [*curve, size]:
                if other <= size or ceilings.level(other) == ceilings.level(size):
                    curve[other] = _better(curve.get(other, known), rate)
    costs = {name: _cheaper(ceilings.costs.get(name), one) for name, one in fresh.costs.items()}
    return replace(
        ceilings,
        bandwidth={kind: dict(sorted(curve.items())) for kind, curve in bandwidth.items()},
        arithmetic={
            kind: {**rates, **{name: _better(rates.get(name), rate) for name, rate in fresh.arithmetic[kind].items()}}
            for kind, rates in ceilings.arithmetic.items()
        },
        costs={**ceilings.costs, **costs},
    )


def _better(known: Rate | None, fresh: Rate) -> Rate:
    if known is None:
        return fresh
    return Rate(min(known.low, fresh.low), max(known.mid, fresh.mid), max(known.high, fresh.high))


def _cheaper(known: Rate | None, fresh: Rate) -> Rate:
    if known is None:
        return fresh
    return Rate(max(known.low, fresh.low), min(known.mid, fresh.mid), min(known.high, fresh.high))


def _warned(record: Record, how_sure: str) -> Record:
    if not record.impossible or not isinstance(record.outcome, Measured) or record.limit is None:
        return record
    share = record.fraction_of_limit
    text = (
        f"impossible: {share:.3g} times what this machine can do at most, which is {record.limit.seconds:.3g} s, bound "
        f"by {record.limit.bound_by}, {how_sure}; likely causes: "
        f"{'; '.join(likely_causes(record.limit, share or 0.0))}"
    )
    return replace(record, outcome=replace(record.outcome, warnings=(*record.outcome.warnings, text)))


def likely_causes(found: Limit, fraction: float) -> Iterator[str]:
    """Why a figure above its limit may be there, the likeliest first."""
    if fraction > SKIPPED:
        yield "work is skipped (an earlier result is returned, or part of it is not computed)"
    if found.bound_by == "arithmetic":
        yield "an algorithm with less arithmetic than Work counts, such as Winograd's"
    if found.bound_by == "DRAM":
        yield "part of the working set stayed in a cache"
    if found.bound_by == "launch":
        yield "the call returned before its work was done"
    yield "Work counts more than the operator needs"
