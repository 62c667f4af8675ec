"""A record as a reader sees it: the cells that the terminal's table and the page's table share."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.vocabulary.record import Measured, Record
from reports.data import units
from reports.data.limits import IMPOSSIBLE, limit_text
from reports.data.problems import headline, reason


@dataclass(frozen=True)
class Cells:
    """A record as scaled and rounded text; an empty cell is a value there is none of."""

    backend: str
    headline: str
    reason: str
    median: str = ""
    interval: str = ""
    spread: str = ""
    flops: str = ""
    bandwidth: str = ""
    limit: str = ""
    samples: str = ""
    stopped: str = ""
    prepare: str = ""
    error: str = ""
    impossible: bool = False

    @property
    def measured(self) -> bool:
        return self.headline == "measured"


def cells(record: Record) -> Cells:
    """Write a record's cells, whatever became of it."""
    outcome = record.outcome
    label = record.case.label
    if not isinstance(outcome, Measured):
        return Cells(label, headline(outcome), reason(outcome))
    time = outcome.interval
    return Cells(
        backend=label,
        median=units.seconds(time.mid),
        interval=units.seconds_between(time.low, time.high),
        spread=f"±{units.percent(time.relative_width / 2)}",
        flops=units.quantity(record.work.flops / time.mid) if record.work else "",
        bandwidth=units.quantity(record.work.moved_bytes / time.mid) if record.work else "",
        limit=limit_text(record),
        samples=_samples(outcome),
        stopped=outcome.stopped,
        prepare=units.seconds(outcome.prepare_s),
        error=f"{outcome.check.max_abs_error:.1e}",
        headline="measured",
        reason="; ".join(sorted(outcome.warnings, key=lambda text: not text.startswith(IMPOSSIBLE))),
        impossible=record.impossible,
    )


def _samples(outcome: Measured) -> str:
    return f"{len(outcome.samples_s)} × {outcome.calls_per_sample}"
