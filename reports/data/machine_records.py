"""Records of the machine itself: which they are, and what several rounds of the same say together.

Their operators are measured once a round, a replica each, to learn what the machine can do. Backends of them are no
rivals and replicas no series, so the figures that compare backends leave them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opbench.ceilings.estimation import QUICK
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Measured, Record

MEMORY = {"memory_read": "read", "memory_write": "write", "memory_copy": "copy"}

ARITHMETIC = {"multiply_add": "multiply-adds in registers", "matrix_multiply": "multiply-adds of a matrix product"}

COSTS = {
    "empty_call": "call of an empty operator",
    "empty_launch": "empty kernel, or waking the threads of a CPU",
    "fresh_pages": "page fault",
}


def of_machine(records: Iterable[Record]) -> list[Record]:
    """Keep the records that were measured to learn what the machine can do."""
    return [record for record in records if _is_of_machine(record)]


def besides_machine(records: Iterable[Record]) -> list[Record]:
    """Leave out the records that were measured to learn what the machine can do."""
    return [record for record in records if not _is_of_machine(record)]


def _is_of_machine(record: Record) -> bool:
    return record.case.point.operator in {*MEMORY, *ARITHMETIC, *COSTS}


def best_time(records: Sequence[Record], amounts: Sequence[float]) -> Interval | None:
    """Estimate the seconds for one of `amounts`, of each record its own: the best that was sustained over the rounds,
    between the quickest single sample and the round that did worst. None where nothing was measured.
    """
    rounds = [
        sorted(sample / amount for sample in record.outcome.samples_s)
        for record, amount in zip(records, amounts, strict=True)
        if isinstance(record.outcome, Measured) and amount
    ]
    if not rounds:
        return None
    sustained = [times[len(times) // QUICK] for times in rounds]
    return Interval(min(times[0] for times in rounds), min(sustained), max(sustained))


def best_rate(records: Sequence[Record], amounts: Sequence[float]) -> Interval | None:
    """Estimate the amounts a second, from the worst round to the quickest sample; None where nothing was measured."""
    time = best_time(records, amounts)
    return None if time is None else Interval(1 / time.high, 1 / time.mid, 1 / time.low)
