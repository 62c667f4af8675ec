"""An alarm in words and as JSON: what moved by how much, with which commits, because of what, and how to see it."""

from __future__ import annotations

import shlex
from typing import Any

from opbench.gate.stats.compare import Comparison
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.vocabulary.interval import CONFIDENCE


def as_json(alarm: Alarm) -> dict[str, Any]:
    """Ratios are after over before; `found` is the gate's, of new over old code, null where it was not asked."""
    before, first, last = alarm.commits
    ratio = alarm.step.ratio
    return {
        "case": alarm.case,
        "machine": alarm.series.machine,
        "class": alarm.kind.value,
        "change": "slower" if alarm.slower else "faster",
        "beside": alarm.beside or None,
        "ratio": ratio.mid,
        "low": ratio.low,
        "high": ratio.high,
        "confidence": CONFIDENCE,
        "commits": {"before": before, "first": first, "last": last},
        "found": _found(alarm, alarm.found),
        "evidence": list(alarm.evidence),
        "measured_again": alarm.found is not None,
        "caveat": alarm.caveat or None,
        "command": alarm.command or None,
        "bisect": bisect_command(alarm) or None,
        "not_measured": alarm.not_measured or None,
    }


def _found(alarm: Alarm, found: Comparison | None) -> dict[str, Any] | None:
    if found is None:
        return None
    numbers = {name: getattr(found, name) for name in ("ratio", "low", "high", "confidence", "workers")}
    p = found.p if alarm.slower else found.faster_p
    return {"base": alarm.old, "head": alarm.new, **numbers, "p": p}


def headline(alarm: Alarm) -> str:
    """`slower by 5.2 % (4.0 to 6.3)`, of a ratio `slower by 5.2 % (4.0 to 6.3) beside torch_eager`."""
    ratio = alarm.step.ratio
    ends = sorted((abs(ratio.low - 1), abs(ratio.high - 1)))
    size = f"{100 * abs(ratio.mid - 1):.1f} % ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})"
    beside = f" beside {alarm.beside.rpartition('/')[2]}" if alarm.beside else ""
    return f"{'slower' if alarm.slower else 'faster'} by {size}{beside}"


def commits_in_words(alarm: Alarm) -> str:
    """`after 0a1b, with 2c3d` and, where that is not sure, `or one up to 4e5f`."""
    before, first, last = alarm.commits
    return f"after {before}, with {first}" + (f" or one up to {last}" if last != first else "")


def bisect_command(alarm: Alarm) -> str:
    """What finds the commit; "" where a bisection would find nothing: it looks for what is slower by the code."""
    if not (alarm.old and alarm.slower and alarm.kind in {Kind.CODE, Kind.UNCONFIRMED}):
        return ""
    return shlex.join(["opbench", "bisect", alarm.case, "--good", alarm.old, "--bad", alarm.new])


def line(alarm: Alarm) -> str:
    """All of it in one line."""
    told = filter(None, [*alarm.evidence, alarm.caveat, alarm.not_measured])
    where = f"{alarm.case} on {alarm.series.machine}, {commits_in_words(alarm)}"
    return f"{alarm.kind.value}: {headline(alarm)}: {where}: {'; '.join(told)}"
