"""What the gate concludes from rounds: compare, screen, confirm. Pure functions; who plays the rounds is `trial.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.gate.detectable import confirmable, detectable
from opbench.gate.exact import p_slower, shift, shift_interval, smallest_p
from opbench.gate.modes import Modes, slow_mode
from opbench.gate.rounds import worker_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.rounds import Rounds

    Logs: TypeAlias = NDArray[np.float64]


SETTLED = 1 / 3
"""More rounds are of no use once their noise is below this share of the spread: without any it would be 5 % narrower.

Cached kernels are there after 2 rounds: 0.1 to 0.6 % between rounds against 0.5 to 3 % between processes, which only
more processes average out. Kernels that stream memory are not: 3 % and 1.5 % (12 workers, EPYC 9004 VM).
"""

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation, of normal values."""

MEDIAN_OVER_MEAN = 1.2533
"""Standard error of the median over that of the mean, of normal values."""

ROUNDING = 1e-9
"""So that a p of 1/924 is not above 1/924 by the last bit."""


@dataclass(frozen=True)
class Rule:
    """The gate's settings. Ratios are head over base.

    tolerance: a slowdown up to this ratio less 1 is let pass. confidence: of the interval. level: the chance of one
    false confirmation or more in a suite, given its suspects. strict: the p that a suspect must fall below besides,
    that of 6 and 6 wholly apart. looks: rounds after which an open benchmark is looked at. workers: a side, while
    screening. widened: a side, once more rounds would not help. confirm_rounds: rounds of the confirmation;
    unsettled_rounds: the same where screening saw that more rounds still help. least_confirming, most_confirming:
    fresh workers a side.

    8 workers a side: at a spread of 1 % between processes, usual for kernels of 30 to 400 us, the 99 % interval is
    +-3.1 % wide for 5 (all of their range), +-1.8 % for 6, +-1.5 % for 8, and must fit below the tolerance to pass. Of
    20 benchmarks of the same code, 2 to 6 had to be widened with 6, which took longer than starting 8 at once. Widened
    to 12, 3.8 % of 500 replays of the same code stayed open, to 14 2.2 %, to 16 0.2 % (kernels of tests/gate, quiet).
    """

    tolerance: float = 0.03
    confidence: float = 0.99
    level: float = 0.01
    strict: float = 1 / 924
    looks: tuple[int, ...] = (2, 6, 12, 20)
    workers: int = 8
    widened: int = 16
    confirm_rounds: int = 12
    unsettled_rounds: int = 24
    least_confirming: int = 6
    most_confirming: int = 20

    def confirming(self, suspects: int) -> int:
        """The fewest workers a side of which complete separation confirms, among as many suspects as these."""
        side = self.least_confirming
        while smallest_p(side, side) > min(self.strict, self.level / suspects):
            side += 1
        return side

    def resolving(self, seen: Comparison) -> int:
        """The fewest workers a side that would confirm what a screening saw in 99 of 100 runs, within the two bounds.

        Screening and confirmation share no worker, so the choice leaves the level as it is. What is suspected was
        seen larger than it is, more often than not: it is taken for the middle of the estimate and the interval's end.
        """
        slowdown = math.sqrt(seen.ratio * seen.low) - 1
        for side in range(self.least_confirming, self.most_confirming):
            if confirmable(seen.spread, self.tolerance, side, self.strict) <= slowdown:
                return side
        return self.most_confirming


DEFAULT = Rule()


@dataclass(frozen=True)
class Comparison:
    """Head against base over some workers.

    ratio, low, high: head's time over base's and the interval's ends. confidence: what the interval attains.
    p: one-sided and exact, that head is slower. spread: standard deviation between workers of one side, relative.
    detectable: the smallest slowdown that a run with this spread would have confirmed, as a ratio less 1.
    modes: a slow group of workers, or None. workers: a side. settled: whether more rounds could not narrow it.
    """

    ratio: float
    low: float
    high: float
    confidence: float
    p: float
    spread: float
    detectable: float
    modes: Modes | None
    workers: int
    rounds: int
    settled: bool

    @property
    def slower(self) -> bool:
        return self.low > 1


def compare(rounds: Rounds, rule: Rule, logs: Logs | None = None) -> Comparison:
    """`logs`: what to compare in place of `rounds.logs`, such as cycles. Raises ValueError where a value is NaN."""
    logs = rounds.logs if logs is None else logs
    values = worker_values(logs)
    if not np.all(np.isfinite(values)):
        raise ValueError("a slice without a finite, positive time")
    base, head = values[~rounds.head], values[rounds.head]
    low, high, confidence = shift_interval(base, head, rule.confidence)
    side = min(len(base), len(head))
    spread = spread_between(base, head)
    return Comparison(
        ratio=math.exp(shift(base, head)),
        low=math.exp(low),
        high=math.exp(high),
        confidence=confidence,
        p=p_slower(base, head),
        spread=spread,
        detectable=detectable(spread, max(side, rule.widened), rule),
        modes=slow_mode(values, rounds.head),
        workers=side,
        rounds=len(rounds),
        settled=rounding_error(logs) < SETTLED * spread,
    )


def spread_between(base: Logs, head: Logs) -> float:
    """Standard deviation of the workers around the mean of their own side, both sides pooled."""
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (base, head))
    freedom = len(base) + len(head) - 2
    return math.sqrt(squares / freedom) if freedom > 0 else math.inf


def rounding_error(logs: Logs) -> float:
    """Standard error of a worker's value that comes from its rounds, which more of them would lower."""
    centred = logs - logs.mean(axis=1, keepdims=True)
    noise = float(np.median(np.abs(centred - np.median(centred, axis=0)))) * MAD_TO_SD
    return MEDIAN_OVER_MEAN * noise / math.sqrt(len(logs))


class Screened(Enum):
    PASS = "pass"  # noqa: S105  (not a password)
    SUSPECT = "suspect"
    OPEN = "open"


def screen(found: Comparison, rule: Rule) -> Screened:
    """Suspect: surely slower, and by more than the tolerance. Pass: surely within the tolerance. Else open."""
    if found.slower and found.ratio > 1 + rule.tolerance:
        return Screened.SUSPECT
    return Screened.PASS if found.high < 1 + rule.tolerance else Screened.OPEN


def confirms(found: Comparison, rule: Rule) -> bool:
    """Whether fresh workers in the fixed design say so again: slower beyond chance, and by more than the tolerance.

    Of 6 and 6 workers, all of head's are slower than all of base's, 1 deal in 924. Of more, some may overlap: as many
    as keep the exact p at 1 in 924. Whatever the screening looked at and how often does not enter.
    """
    return found.p <= rule.strict * (1 + ROUNDING) and found.ratio > 1 + rule.tolerance
