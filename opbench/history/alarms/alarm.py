"""An alarm: a recent step of a line, what it is put down to, and what speaks for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from opbench.gate.stats.compare import Comparison
from opbench.history.change_points import ChangePoint
from opbench.history.series import Series


class Kind(StrEnum):
    """What an alarm is put down to.

    CODE: the gate measured old and new code in turns, and confirmed it. ENVIRONMENT: what is installed, or how the
    machine is set, changed there. HARDWARE: cases that the code has no part in moved too. BASELINE: only what the case
    is compared with moved. NOISE: the gate found old and new code alike. UNCONFIRMED: nobody has shown anything yet.
    """

    CODE = "code"
    ENVIRONMENT = "environment"
    HARDWARE = "hardware"
    BASELINE = "baseline"
    NOISE = "noise"
    UNCONFIRMED = "unconfirmed"


EXPLAINED = (Kind.ENVIRONMENT, Kind.HARDWARE)
"""Classes that the history tells by what else moved there: nobody has measured the code."""


@dataclass(frozen=True)
class Alarm:
    """One step.

    series, step: where; of a ratio's step the series is that of ratios. commits: the last surely before it, the
    likeliest first after it, and the last that may be that. evidence: sentences.
    beside: the case whose time the series is a ratio to, "" for a line of seconds.
    old, new: commits between which it can be measured again, "" where `not_measured` says why there are none.
    command: what does that, "" where nothing here can; of a changed environment what measures both, where pip can make
    them again, and then `in_both` is true. found: what the gate saw, None where it was not asked.
    """

    series: Series
    step: ChangePoint
    commits: tuple[str, str, str]
    kind: Kind
    evidence: tuple[str, ...]
    beside: str = ""
    old: str = ""
    new: str = ""
    not_measured: str = ""
    command: str = ""
    in_both: bool = False
    found: Comparison | None = field(default=None)

    @property
    def case(self) -> str:
        return self.series.case

    @property
    def slower(self) -> bool:
        return self.step.ratio.mid > 1

    @property
    def caveat(self) -> str:
        """What has to be known of a class that the history alone speaks for; "" where the gate measured the code."""
        if self.kind not in EXPLAINED or self.found is not None:
            return ""
        if self.in_both:
            return "not measured again: the command measures the code of today in both environments"
        if self.command:
            return (
                "not measured again: the command measures old and new code, which are alike if that had no part in it"
            )
        return "not measured again: a change of the code at the same commits would hide behind it"

    @property
    def cases(self) -> tuple[str, ...]:
        """What has to be measured to see it again."""
        return (self.case, self.beside) if self.beside else (self.case,)
