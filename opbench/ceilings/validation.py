"""Records held against the ceilings: each gets its limit, and one above it is measured against them once more.

A shared machine may simply be faster now than when its ceilings were measured, so a figure above them is first a
suspicion. The ceilings it exceeds are then measured again beside it; only what exceeds those too is impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opbench import catalog
from opbench.ceilings import storage
from opbench.ceilings.ceiling import ARITHMETIC, MEMORY, Ceilings, Rate
from opbench.ceilings.estimation import estimate_ceilings
from opbench.ceilings.roofline import limit_of, working_set_bytes
from opbench.ceilings.tasks import ceiling_tasks
from opbench.errors import MachineError, UsageError
from opbench.planning.plan import Task
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Measured, Record

Measure = Callable[["Task"], Sequence[Record]]
"""Measures a task's cases now, in the process that measured the suspects."""

Choose = Callable[[float, float], float]

SMALLEST_KIB = 16

SKIPPED = 1.5
"""Times the limit, beyond which no cache and no algorithm we know explains it."""


@dataclass
class LimitValidator:
    """Attaches limits to records and finds those that are impossible.

    ceilings: of the machine that measures; what is measured again raises them for this run.
    environment: of the measuring process.
    """

    ceilings: Ceilings
    environment: Mapping[str, Any]
    measure: Measure

    def validate(self, records: Sequence[Record]) -> list[Record]:
        """Return the records with their limits; those that no machine can have reached carry a warning that says so."""
        limited = [with_limit(record, self.ceilings) for record in records]
        suspects = [record for record in limited if record.impossible]
        if not suspects:
            return limited
        self._measure_again(suspects[0])
        return [_with_warning(with_limit(record, self.ceilings), "measured again beside it") for record in limited]

    def _measure_again(self, suspect: Record) -> None:
        sizes_kib = _sizes_kib(suspect, self.ceilings)
        tasks = [task for task in ceiling_tasks(self.environment, sizes_kib) if _concerns(task, suspect)]
        try:
            fresh = estimate_ceilings([record for task in tasks for record in self.measure(task)])
        except MachineError:  # nothing could be measured now: the ceilings stay what they were
            return
        self.ceilings = raise_ceilings(self.ceilings, fresh)


def with_limit(record: Record, ceilings: Ceilings) -> Record:
    """Return the record with its limit on that machine, where the ceilings say enough for one."""
    return replace(record, limit=limit_of(record, ceilings))


def with_limits(records: Iterable[Record]) -> Iterator[Record]:
    """Give records from before their machine's ceilings were known their limits, where they are known here.

    A file of ceilings that cannot be read costs only these.
    """
    known: dict[int, tuple[Mapping[str, Any], Ceilings | None]] = {}
    for record in records:
        if record.limit is not None:
            yield record
            continue
        environment = record.environment  # kept beside its id, which is then nobody else's
        if id(environment) not in known:
            known[id(environment)] = environment, _load_kept(environment)
        ceilings = known[id(environment)][1]
        if ceilings is None:
            yield record
        else:
            yield _with_warning(with_limit(record, ceilings), "which was not measured beside it")


def _load_kept(environment: Mapping[str, Any]) -> Ceilings | None:
    try:
        return storage.load_kept(environment)
    except UsageError:
        return None


def _sizes_kib(record: Record, ceilings: Ceilings) -> tuple[int, ...]:
    """The record's working set; of one in memory, however large, the largest that was measured."""
    largest_bytes = max(max(curve, default=0) for curve in ceilings.bandwidth.values())
    return (max(SMALLEST_KIB, min(working_set_bytes(record), largest_bytes) >> 10),)


def _concerns(task: Task, suspect: Record) -> bool:
    """Memory and costs always; arithmetic of its dtype and of float32, which stands in for those that have none."""
    kind = catalog.operator(task.point.operator).ceiling
    return kind not in ARITHMETIC or task.point.dtype in {suspect.case.point.dtype, "float32"}


def raise_ceilings(ceilings: Ceilings, fresh: Ceilings) -> Ceilings:
    """Return the better of both, figure by figure.

    What one working set gets, smaller ones and those of its level get too.
    """
    bandwidth = {kind: dict(curve) for kind, curve in ceilings.bandwidth.items()}
    for kind in MEMORY:
        for fresh_bytes, rate in fresh.bandwidth[kind].items():
            curve = bandwidth.setdefault(kind, {})
            known = ceilings.bytes_per_s(kind, fresh_bytes)
            for size_bytes in [*curve, fresh_bytes]:
                if size_bytes <= fresh_bytes or ceilings.level(size_bytes) == ceilings.level(fresh_bytes):
                    curve[size_bytes] = _better(curve.get(size_bytes, known), rate, min, max)
    arithmetic = {
        kind: {
            **rates,
            **{dtype: _better(rates.get(dtype), rate, min, max) for dtype, rate in fresh.arithmetic[kind].items()},
        }
        for kind, rates in ceilings.arithmetic.items()
    }
    costs = {kind: _better(ceilings.costs.get(kind), cost, max, min) for kind, cost in fresh.costs.items()}
    return replace(
        ceilings,
        bandwidth={kind: dict(sorted(curve.items())) for kind, curve in bandwidth.items()},
        arithmetic=arithmetic,
        costs={**ceilings.costs, **costs},
    )


def _better(known: Rate | None, fresh: Rate, worst: Choose, best: Choose) -> Rate:
    """worst, best: which of two figures is; of rates `min` and `max`, of costs `max` and `min`."""
    if known is None:
        return fresh
    return Rate(worst(known.low, fresh.low), best(known.mid, fresh.mid), best(known.high, fresh.high))


def _with_warning(record: Record, how_sure: str) -> Record:
    if not record.impossible or not isinstance(record.outcome, Measured) or record.limit is None:
        return record
    share = record.fraction_of_limit
    warning = (
        f"impossible: {share:.3g} times what this machine can do at most, which is {record.limit.seconds:.3g} s, bound "
        f"by {record.limit.bound_by}, {how_sure}; likely causes: "
        f"{'; '.join(likely_causes(record.limit, share or 0.0))}"
    )
    return replace(record, outcome=replace(record.outcome, warnings=(*record.outcome.warnings, warning)))


def likely_causes(limit: Limit, fraction: float) -> Iterator[str]:
    """Yield why a figure above its limit may be there, the likeliest first."""
    if fraction > SKIPPED:
        yield "work is skipped (an earlier result is returned, or part of it is not computed)"
    if limit.bound_by == "arithmetic":
        yield "an algorithm with less arithmetic than Work counts, such as Winograd's"
    if limit.bound_by == "DRAM":
        yield "part of the working set stayed in a cache"
    if limit.bound_by == "launch":
        yield "the call returned before its work was done"
    yield "Work counts more than the operator needs"
