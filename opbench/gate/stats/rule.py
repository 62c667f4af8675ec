"""The gate's settings, which hold for a whole run and are stored with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from opbench.gate.stats.rank_test import dropped_pairs, smallest_p


@dataclass(frozen=True)
class Rule:
    """Ratios are head over base. The names of these fields are those of stored files.

    tolerance: a slowdown up to this ratio less 1 is let pass.
    confidence: of the interval.
    level: the chance of one false confirmation or more in a suite, given its suspects.
    strict: the p that a suspect must fall below besides, that of 6 and 6 wholly apart.
    looks: rounds after which an open benchmark is looked at.
    workers: a side, while screening. widened: a side, once more rounds would not help.
    confirm_rounds: rounds of the confirmation.
    unsettled_rounds: the same where screening saw that more rounds still help.
    least_confirming, most_confirming: fresh workers a side.

    12 workers a side: the 99 % interval must fit below the tolerance, and it is narrower from more workers than from as
    many slices of fewer: +-1.5 standard deviations between workers for 8, +-1.1 for 12. Of 280 replays of the same code
    (kernels of tests/gate, quiet) none stayed open, 8 left 34 (EPYC) and 25 (Xeon) to be widened to 20, in 108 and 151
    slices a benchmark; 10 left 17 and 8, in 94 and 133; 12 left 5 and 5, in 86 and 133; 16 left 4 and none, in 107 and
    140. Forked, a worker costs 0.2 s of a core.
    """

    tolerance: float = 0.03
    confidence: float = 0.99
    level: float = 0.01
    strict: float = 1 / 924
    looks: tuple[int, ...] = (2, 4, 8, 14, 20)
    workers: int = 12
    widened: int = 20
    confirm_rounds: int = 12
    unsettled_rounds: int = 24
    least_confirming: int = 6
    most_confirming: int = 20

    def fewest_confirming(self, suspects: int) -> int:
        """The fewest workers a side of which complete separation confirms, among as many suspects as these."""
        most_p = min(self.strict, self.level / suspects)
        return next(side for side in count(self.least_confirming) if smallest_p(side, side) <= most_p)

    def fewest_separable(self, tests: int) -> int:
        """The fewest processes a side whose complete separation is rejected among so many tests, and that attain the
        confidence of the interval.
        """
        rejected = (side for side in count(1) if smallest_p(side, side) * tests <= self.level)
        return next(side for side in rejected if dropped_pairs(side, side, self.confidence)[1] >= self.confidence)


DEFAULT = Rule()
