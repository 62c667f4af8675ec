"""What the gate concludes from a comparison: screen, confirm. Pure functions; who plays the rounds is `trial.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from opbench.gate.detectable import confirmable
from opbench.gate.exact import smallest_p

if TYPE_CHECKING:
    from opbench.gate.comparing import Comparison

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

    12 workers a side: the 99 % interval must fit below the tolerance, and it is narrower from more workers than from as
    many slices of fewer: +-1.5 standard deviations between workers for 8, +-1.1 for 12. Of 280 replays of the same code
    (kernels of tests/gate, quiet) none stayed open, 8 left 34 (EPYC) and 25 (Xeon) to be widened to 20, in 108 and 151
    slices a benchmark; 10 left 17 and 8, in 94 and 133; 12 left 5 and 5, in 86 and 133; 16 left 4 and none, in 107 and
    140. Forked, a worker costs 0.35 s of the two cores.
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
        seen: slower; of what was seen faster, its `turned`.
        """
        slowdown = math.sqrt(seen.ratio * seen.low) - 1
        for side in range(self.least_confirming, self.most_confirming):
            if confirmable(seen.spread, self.tolerance, side, self.strict) <= slowdown:
                return side
        return self.most_confirming


DEFAULT = Rule()


class Screened(Enum):
    PASS = "pass"  # noqa: S105  (not a password)
    SLOWER = "slower"
    FASTER = "faster"
    OPEN = "open"

    @property
    def suspect(self) -> bool:
        """Whether it is a claim, which fresh workers have to confirm."""
        return self in {Screened.SLOWER, Screened.FASTER}


def screen(found: Comparison, rule: Rule) -> Screened:
    """Suspect: surely slower or surely faster, and by more than the tolerance. Pass: surely within it. Else open.

    So is what has a slow group of workers on head alone, unless it is slower as a whole: ranks pass over a few workers,
    however slow, but users of head get them.
    """
    if _stands_out(found, rule):
        return Screened.SLOWER
    if found.slow_in_head_alone:
        return Screened.OPEN
    if _stands_out(found.turned, rule):
        return Screened.FASTER
    return Screened.PASS if found.high < 1 + rule.tolerance else Screened.OPEN


def promising(found: Comparison, rule: Rule) -> bool:
    """Whether it looks faster by more than the tolerance, and is not surely faster: more rounds may tell."""
    return found.turned.ratio > 1 + rule.tolerance and not found.faster


def _stands_out(found: Comparison, rule: Rule) -> bool:
    return found.slower and found.ratio > 1 + rule.tolerance


def confirms(found: Comparison, rule: Rule) -> bool:
    """Whether fresh workers in the fixed design say so again: slower beyond chance, and by more than the tolerance.

    Of 6 and 6 workers, all of head's are slower than all of base's, 1 deal in 924. Of more, some may overlap: as many
    as keep the exact p at 1 in 924. Whatever the screening looked at and how often does not enter. That head is faster
    is confirmed by the same rule: by `found.turned`.
    """
    return found.p <= rule.strict * (1 + ROUNDING) and found.ratio > 1 + rule.tolerance
