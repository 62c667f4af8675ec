"""Head against base over some workers: the ratio, what it may be, how likely so much of it is by chance.

What is concluded from it says opbench/gate/decision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.gate.samples import SETUP_ROUNDS
from opbench.gate.stats.bimodality import SlowMode, find_slow_mode
from opbench.gate.stats.medians import median
from opbench.gate.stats.power import detectable_slowdown
from opbench.gate.stats.rank_test import Differences
from opbench.gate.stats.reduce import MAD_TO_SD, centre_blocks, robust_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.stats.reduce import Rounds
    from opbench.gate.stats.rule import Rule

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

    The names of these fields are those of the command's JSON.

    ratio, low, high: head's time over base's and the interval's ends.
    confidence: what the interval attains.
    p, faster_p: one-sided and exact, of so slow and of so fast a head from the same code.
    spread: standard deviation between workers of one side, relative.
    detectable: the smallest slowdown that a run with this spread would have confirmed, as a ratio less 1.
    modes: a slow group of workers, or None.
    workers: a side.
    settled: whether more rounds could not narrow it.
    """

    ratio: float
    low: float
    high: float
    confidence: float
    p: float
    faster_p: float
    spread: float
    detectable: float
    modes: SlowMode | None
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
    def slow_only_in_head(self) -> bool:
        """Whether some of head's workers are slow in a way that none of base's is."""
        return self.modes is not None and self.modes.only_in_head

    @property
    def inverted(self) -> Comparison:
        """Base against head: what tells a slower head then tells a faster one."""
        ratio, low, high = 1 / self.ratio, 1 / self.high, 1 / self.low
        return replace(self, ratio=ratio, low=low, high=high, p=self.faster_p, faster_p=self.p)


def compare(rounds: Rounds, rule: Rule, logs: Logs | None = None) -> Comparison:
    """`logs`: what to compare in place of `rounds.logs`, such as cycles. Raises ValueError where a value is NaN."""
    logs = rounds.logs if logs is None else logs
    relative = centre_blocks(logs, rounds.order)
    values = robust_means(relative)
    if not np.all(np.isfinite(values)):
        raise ValueError("a slice without a finite, positive time")
    base, head = values[~rounds.head], values[rounds.head]
    differences = Differences.of(base, head)
    low, high, confidence = differences.interval(rule.confidence)
    per_side = min(len(base), len(head))
    spread = pooled_spread(base, head)
    return Comparison(
        ratio=math.exp(differences.middle),
        low=math.exp(low),
        high=math.exp(high),
        confidence=confidence,
        p=differences.p_slower,
        faster_p=differences.p_faster,
        spread=spread,
        detectable=detectable_slowdown(spread, max(per_side, rule.widened), rule),
        modes=find_slow_mode(values, rounds.head),
        workers=per_side,
        rounds=len(rounds),
        settled=standard_error(relative) < SETTLED * spread,
    )


def pooled_spread(base: Logs, head: Logs) -> float:
    """Standard deviation of the workers around the mean of their own side, both sides pooled."""
    squares = 0.0
    for side in (base, head):
        apart = side - side.sum() / len(side)
        squares += float(apart @ apart)
    degrees_of_freedom = len(base) + len(head) - 2
    return math.sqrt(squares / degrees_of_freedom) if degrees_of_freedom > 0 else math.inf


def standard_error(relative: Logs) -> float:
    """Standard error of a worker's value that comes from its rounds and set-ups, which more of them would lower.

    From what set-ups differ by within a worker; infinite while there are fewer than FEWEST_SETUPS. relative: (rounds,
    workers), see `centre_blocks`.
    """
    starts = _setups(len(relative))
    if len(starts) < FEWEST_SETUPS:
        return math.inf
    rounds = np.minimum(SETUP_ROUNDS, len(relative) - starts)
    setups = np.add.reduceat(relative, starts, axis=0) / rounds[:, None]
    first, second = _pairs(len(setups))
    noise = MAD_TO_SD * median(np.abs(setups[first] - setups[second])) / math.sqrt(2)
    return noise / math.sqrt(len(setups))


@lru_cache(maxsize=64)
def _setups(rounds: int) -> NDArray[np.int64]:
    """With which of so many rounds each set-up begins."""
    return np.arange(0, rounds, SETUP_ROUNDS)


@lru_cache(maxsize=64)
def _pairs(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the two of every pair of different ones among so many."""
    first, second = np.triu_indices(count, 1)
    return first, second
