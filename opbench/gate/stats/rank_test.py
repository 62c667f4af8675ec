"""Exact statements about two groups of workers, from nothing but that they are exchangeable when the code is the same.

If base and head are the same code, every way to deal the values out to the two sides was equally likely. Then the
number of pairs in which head is the larger, U of Mann and Whitney (1947), has a distribution that is counted, not
approximated; the interval of a shift is the set of shifts that U does not reject (Hodges and Lehmann, 1963).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values: TypeAlias = Sequence[float] | NDArray[np.float64]


@lru_cache(maxsize=64)
def u_distribution(base: int, head: int) -> tuple[int, ...]:
    """How many of the C(base + head, base) ways to deal out ranks give U = 0, 1, ..., base * head.

    The Gaussian binomial coefficient, multiplied out one factor (1 - q^(head + i)) / (1 - q^i) at a time.
    """
    counts = [1] + [0] * (base * head)
    for i in range(1, base + 1):
        for u in range(base * head, head + i - 1, -1):
            counts[u] -= counts[u - head - i]
        for u in range(i, base * head + 1):
            counts[u] += counts[u - i]
    return tuple(counts)


def smallest_p(base: int, head: int) -> float:
    """The p of complete separation, every head value above every base value: the smallest there can be."""
    return 1 / math.comb(base + head, base)


@lru_cache(maxsize=64)
def _deals_from(base: int, head: int) -> tuple[int, ...]:
    """How many deals give U = u or more, for u = 0, 1, ..., base * head."""
    return tuple(accumulate(reversed(u_distribution(base, head))))[::-1]


def critical_pairs(base: int, head: int, p: float) -> int:
    """In how many pairs head must be the larger for a `p_slower` of at most p. Raises ValueError where no count is."""
    counts, allowed = u_distribution(base, head), p * math.comb(base + head, base) * (1 + 1e-9)
    if counts[-1] > allowed:
        raise ValueError(
            f"no deal of {base} and {head} has so small a p as {p:.3g}: {smallest_p(base, head):.3g} is least"
        )
    least, above = base * head, counts[-1]
    while least > 0 and above + counts[least - 1] <= allowed:
        least -= 1
        above += counts[least]
    return least


@dataclass(frozen=True)
class Differences:
    """Head minus base of every pair of workers, from which all that is said of the two sides follows.

    ordered: (base * head,), in ascending order. base, head: how many workers each side has.
    """

    ordered: NDArray[np.float64]
    base: int
    head: int

    @classmethod
    def of(cls, base: Values, head: Values) -> Differences:
        """Raises ValueError for an empty side."""
        if not len(base) or not len(head):
            raise ValueError(f"{len(base)} base and {len(head)} head values: each side needs at least one")
        pairs = np.subtract.outer(np.asarray(head, dtype=np.float64), np.asarray(base, dtype=np.float64))
        ordered = pairs.ravel()
        ordered.sort()
        return cls(ordered, len(base), len(head))

    @property
    def p_slower(self) -> float:
        """Probability, were the sides exchangeable, of as many pairs as these or more in which head is the larger.

        One-sided. A tie counts for base, which makes p larger, never smaller.
        """
        return self._p(len(self.ordered) - int(self.ordered.searchsorted(0.0, side="right")))

    @property
    def p_faster(self) -> float:
        """The same of pairs in which base is the larger; a tie counts for head."""
        return self._p(int(self.ordered.searchsorted(0.0, side="left")))

    def _p(self, pairs: int) -> float:
        return _deals_from(self.base, self.head)[pairs] / math.comb(self.base + self.head, self.base)

    @property
    def middle(self) -> float:
        """The Hodges-Lehmann estimate of head minus base: the median of all pairwise differences."""
        count = len(self.ordered)
        return float((self.ordered[(count - 1) // 2] + self.ordered[count // 2]) / 2)

    def interval(self, confidence: float) -> tuple[float, float, float]:
        """Ends of the two-sided interval of head minus base, and the confidence it attains, which is counted.

        The narrowest rank interval with at least `confidence`; where the groups are too small for that (below 5 and 5
        for 99 %), the widest there is, with the lesser confidence it has.
        """
        dropped, attained = dropped_pairs(self.base, self.head, confidence)
        return float(self.ordered[dropped]), float(self.ordered[-1 - dropped]), attained


@lru_cache(maxsize=256)
def dropped_pairs(base: int, head: int, confidence: float) -> tuple[int, float]:
    """How many extreme differences the interval leaves out at each end, and the confidence this attains."""
    counts, total = u_distribution(base, head), math.comb(base + head, base)
    dropped, outside = 0, counts[0]
    while 2 * (outside + counts[dropped + 1]) <= (1 - confidence) * total:
        dropped += 1
        outside += counts[dropped]
    return dropped, 1 - 2 * outside / total


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Which hypotheses are rejected, in the order given, when one false rejection among all may happen with `level`.

    Holm (1979): the smallest p is held against level / count, the next against level / (count - 1), and so on until
    one is not rejected.
    """
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] > level / (len(p_values) - rank):
            break
        rejected[index] = True
    return rejected
