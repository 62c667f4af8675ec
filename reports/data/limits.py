"""How near a case came to the least time its machine can take: the share, its interval, what bounds it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Measured, Record
from reports.data import units
from reports.data.grouping import grouped
from reports.data.naming import point_names

IMPOSSIBLE = "impossible:"
"""What the warning begins with that a record carries whose figure no ceiling explains."""

LEAST = 0.001

SHADES = {
    "L1": "#cfe8f7",
    "L2": "#a9d3ee",
    "L3": "#7fb8dd",
    "DRAM": "#5a9bc7",
    "arithmetic": "#f3d08b",
    "launch": "#d9d9d9",
}
"""The colour of what sets a limit: the farther the memory the darker its blue."""


def share(record: Record) -> Interval | None:
    """Divide the limit by the median and by the ends of its interval: 1 is as fast as the machine can be.

    How sure the ceilings themselves are is not in it: that moves all backends of a point alike, see `ceilings_range`.
    None where the record has no limit or no measurement.
    """
    time, limit = record.latency, record.limit
    if time is None or limit is None:
        return None
    least = limit.seconds
    return Interval(least / time.high, least / time.mid, least / time.low)


def limit_text(record: Record) -> str:
    """Write `83 % DRAM`; "" where there is no limit or no measurement."""
    fraction = record.fraction_of_limit
    if fraction is None or record.limit is None:
        return ""
    return f"{share_text(fraction)} {record.limit.bound_by}"


def share_text(fraction: float) -> str:
    """Write `83 %` or `4.1 %`, and `<0.1 %` for less than a thousandth, of which digits say nothing."""
    if fraction < LEAST:
        return f"<{100 * LEAST:g} %"
    return f"{100 * fraction:.{1 if fraction < 0.0995 else 0}f} %"


def have_limits(records: Iterable[Record]) -> bool:
    """Whether any record reached a share of a limit; none does on a machine without ceilings."""
    return any(record.fraction_of_limit is not None for record in records)


def ceilings_range(records: Iterable[Record]) -> str:
    """Write a sentence for a caption on how sure the ceilings are; "" without limits."""
    limits = [record.limit for record in records if record.limit is not None]
    if not limits:
        return ""
    up = max(limit.seconds / limit.quickest_s for limit in limits)
    down = min(limit.seconds / limit.slowest_s for limit in limits)
    return (
        " The ceilings are the best that was sustained over rounds: "
        f"the worst round reached {units.percent(down)} of them, and up to {units.percent(up)} may be found."
    )


@dataclass(frozen=True)
class Impossible:
    """Cases of one backend that are quicker than their machine can be.

    cases: each as its point and share.
    reasons: the warnings' texts, each once.
    """

    operator: str
    backend: str
    cases: tuple[str, ...]
    reasons: tuple[str, ...]


def impossible(records: Sequence[Record]) -> list[Impossible]:
    """Gather the impossible cases by operator and backend, in the order they came."""
    name = point_names(record.case.point for record in records)
    beyond = [record for record in records if record.impossible]
    return [
        Impossible(
            *key,
            cases=tuple(f"{name(record.case.point)}: {limit_text(record)}".removeprefix(": ") for record in group),
            reasons=tuple(dict.fromkeys(text for record in group for text in _reasons(record))),
        )
        for key, group in grouped(beyond, lambda record: (record.case.point.operator, record.case.label)).items()
    ]


def _reasons(record: Record) -> list[str]:
    warnings = record.outcome.warnings if isinstance(record.outcome, Measured) else ()
    return [text.removeprefix(IMPOSSIBLE).strip() for text in warnings if text.startswith(IMPOSSIBLE)]
