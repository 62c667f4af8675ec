"""What the gate concludes from rounds: compare, screen, confirm. Pure functions; who plays the rounds is `trial.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.gate.detectable import detectable
from opbench.gate.exact import p_slower, shift, shift_interval, smallest_p
from opbench.gate.modes import Modes, slow_mode
from opbench.gate.rounds import worker_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.rounds import Rounds

    Logs: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """The gate's settings. Ratios are head over base.

    tolerance: a slowdown up to this ratio less 1 is let pass. confidence: of the interval. level: the chance of one
    false confirmation or more in a suite, given its suspects. looks: rounds after which an open benchmark is looked
    at. workers: a side, while screening. widened: a side, once rounds alone did not help. confirm_rounds: rounds of
    the confirmation, fixed.
    """

    tolerance: float = 0.03
    confidence: float = 0.99
    level: float = 0.01
    looks: tuple[int, ...] = (3, 6, 12, 20)
    workers: int = 5
    widened: int = 8
    confirm_rounds: int = 12
    least_confirming: int = 6

    def confirming(self, suspects: int) -> int:
        """Workers a side, so that complete separation stays under the level for as many suspects as these."""
        side = self.least_confirming
        while smallest_p(side, side) * suspects > self.level:
            side += 1
        return side


DEFAULT = Rule()


@dataclass(frozen=True)
class Comparison:
    """Head against base over some workers.

    ratio, low, high: head's time over base's and the interval's ends. confidence: what the interval attains.
    p: one-sided and exact, that head is slower. apart: every head worker is slower than every base worker.
    spread: standard deviation between workers of one side, relative. detectable: the smallest slowdown that these
    workers could have shown, as a ratio less 1. modes: a slow group of workers, or None. workers: a side.
    """

    ratio: float
    low: float
    high: float
    confidence: float
    p: float
    apart: bool
    spread: float
    detectable: float
    modes: Modes | None
    workers: int
    rounds: int

    @property
    def slower(self) -> bool:
        return self.low > 1


def compare(rounds: Rounds, rule: Rule, logs: Logs | None = None) -> Comparison:
    """`logs`: what to compare in place of `rounds.logs`, such as cycles. Raises ValueError where a value is NaN."""
    values = worker_values(rounds.logs if logs is None else logs)
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
        apart=bool(head.min() > base.max()),
        spread=spread,
        detectable=detectable(spread, rule.tolerance, side, max(side, rule.least_confirming), rule.confidence),
        modes=slow_mode(values, rounds.head),
        workers=side,
        rounds=len(rounds),
    )


def spread_between(base: Logs, head: Logs) -> float:
    """Standard deviation of the workers around the mean of their own side, both sides pooled."""
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (base, head))
    freedom = len(base) + len(head) - 2
    return math.sqrt(squares / freedom) if freedom > 0 else math.inf


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
    """Whether fresh workers in the fixed design say so again: wholly apart, and by more than the tolerance.

    Its level is that of complete separation, 1 in C(2n, n), whatever the screening looked at and how often.
    """
    return found.apart and found.ratio > 1 + rule.tolerance
