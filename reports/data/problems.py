"""What was not measured, and why: the part of a run that must not get lost between the figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opbench.vocabulary.record import Contended, Failed, Measured, Mismatch, Outcome, Record, Unavailable
from reports.data.machine_records import of_machine
from reports.data.naming import point_names


def verdict(outcome: Outcome) -> str:
    """Name the outcome: `measured`, `mismatch`, `contended`, `unavailable` or `failed`."""
    return type(outcome).__name__.lower()


def reason(outcome: Outcome) -> str:
    """Say why there is no latency; "" for a measurement."""
    match outcome:
        case Measured():
            return ""
        case Unavailable(text) | Contended(text):
            return text
        case Failed(_, text):
            return text
        case Mismatch(check):
            misses = (
                f"{check.misses} of {check.elements} elements outside the tolerance "
                f"(rtol {check.rtol:g}, atol {check.atol:g}); largest error {check.max_abs_error:g}"
            )
            return f"{misses}; {check.detail}" if check.detail else misses


def headline(outcome: Outcome) -> str:
    """Name the outcome as shown to a reader, with the phase of a failure."""
    return f"failed in {outcome.phase}" if isinstance(outcome, Failed) else verdict(outcome)


@dataclass(frozen=True)
class Problem:
    """One reason of one backend, and every point without a latency for it.

    points: those that are named.
    more: how many more there are.
    """

    operator: str
    backend: str
    headline: str
    reason: str
    points: tuple[str, ...]
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.points) + self.more


def problems(records: Sequence[Record]) -> list[Problem]:
    """Gather all cases without a measurement by their reason, in the order they came.

    The machine's own are asked for in every round, and what is missing in each is told once.
    """
    name = point_names(record.case.point for record in records)
    rounds = {id(record) for record in of_machine(records)}
    by_reason: dict[tuple[str, str, str, str], dict[str, None]] = defaultdict(dict)
    for record in records:
        if not isinstance(record.outcome, Measured):
            case = record.case
            label = case.backend if id(record) in rounds else case.label
            key = (case.point.operator, label, headline(record.outcome), reason(record.outcome))
            by_reason[key][name(case.point)] = None
    return [Problem(*key, tuple(points)) for key, points in by_reason.items()]


def left_out(records: Iterable[Record]) -> str:
    """Write a sentence for a caption: how many cases have no latency; "" where all have."""
    counted = Counter(verdict(record.outcome) for record in records)
    del counted["measured"]
    if not counted:
        return ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
    return f" Not drawn: {kinds} (reasons are listed with the results)."
