"""Head against base over some workers: the ratio, what it may be, how likely so much of it is by chance.

What is concluded from it is `rule.py`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.gate.design import SETUP_ROUNDS
from opbench.gate.detectable import detectable
from opbench.gate.exact import p_slower, shift, shift_interval
from opbench.gate.middle import median
from opbench.gate.modes import Modes, slow_mode
from opbench.gate.rounds import MAD_TO_SD, centred, over_rounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule

    Logs: TypeAlias = NDArray[np.float64]

FEWEST_SETUPS = 3
"""By which something can be called settled. Of two, workers still lie apart by what a neighbour did to one of them: of
2,400 benchmarks with a slow mode planted beside antagonists, 1.2 % were given up before the mode stood out."""

SETTLED = 1 / 3
"""More rounds are of no use once their noise is below this share of the spread: without any it would be 5 % narrower.

Cached kernels are there at once on one machine: 0.1 to 0.6 % between rounds against 0.5 to 3 % between processes, which
only more processes average out. Kernels that stream memory are not: 3 % and 1.5 % (12 workers, EPYC 9004 VM); on a Xeon
(model 207) no kernel is: 2.7 to 5.2 % and 0.6 to 2.0 % (52 workers).
"""


@dataclass(frozen=True)
class Comparison:
    """Head against base over some workers.

    ratio, low, high: head's time over base's and the interval's ends. confidence: what the interval attains.
    p, faster_p: one-sided and exact, of so slow and of so fast a head from the same code. spread: standard deviation
    between workers of one side, relative.
    detectable: the smallest slowdown that a run with this spread would have confirmed, as a ratio less 1.
    modes: a slow group of workers, or None. workers: a side. settled: whether more rounds could not narrow it.
    """

    ratio: float
    low: float
    high: float
    confidence: float
    p: float
    faster_p: float
    spread: float
    detectable: float
    modes: Modes | None
    workers: int
    rounds: int
    settled: bool

    @property
    def slower(self) -> bool:
        return self.low > 1

    @property
    def faster(self) -> bool:
        return self.high < 1

    @property
    def slow_in_head_alone(self) -> bool:
        """Whether some of head's workers are slow in a way that none of base's is."""
        return self.modes is not None and self.modes.of_head_alone

    @property
    def turned(self) -> Comparison:
        """Base against head: what is said of a slower head is said of a faster one by the same words."""
        ratio, low, high = 1 / self.ratio, 1 / self.high, 1 / self.low
        return replace(self, ratio=ratio, low=low, high=high, p=self.faster_p, faster_p=self.p)


def compare(rounds: Rounds, rule: Rule, logs: Logs | None = None) -> Comparison:
    """`logs`: what to compare in place of `rounds.logs`, such as cycles. Raises ValueError where a value is NaN."""
    logs = rounds.logs if logs is None else logs
    relative = centred(logs, rounds.order)
    values = over_rounds(relative)
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
        faster_p=p_slower(head, base),
        spread=spread,
        detectable=detectable(spread, max(side, rule.widened), rule),
        modes=slow_mode(values, rounds.head),
        workers=side,
        rounds=len(rounds),
        settled=rounding_error(relative) < SETTLED * spread,
    )


def spread_between(base: Logs, head: Logs) -> float:
    """Standard deviation of the workers around the mean of their own side, both sides pooled."""
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (base, head))
    freedom = len(base) + len(head) - 2
    return math.sqrt(squares / freedom) if freedom > 0 else math.inf


def rounding_error(relative: Logs) -> float:
    """Standard error of a worker's value that comes from its rounds and set-ups, which more of them would lower.

    From what set-ups differ by within a worker; infinite while there are fewer than FEWEST_SETUPS. relative: (rounds,
    workers), see `centred`.
    """
    starts = range(0, len(relative), SETUP_ROUNDS)
    set_ups = np.array([relative[at : at + SETUP_ROUNDS].mean(axis=0) for at in starts])
    if len(set_ups) < FEWEST_SETUPS:
        return math.inf
    first, second = np.triu_indices(len(set_ups), 1)
    noise = MAD_TO_SD * median(np.abs(set_ups[first] - set_ups[second])) / math.sqrt(2)
    return noise / math.sqrt(len(set_ups))
