"""What one comparison shows by itself: pass, suspect, open; and whether fresh workers confirm a suspect."""

from __future__ import annotations

import math
from enum import Enum

from opbench.gate.stats.compare import Comparison
from opbench.gate.stats.power import confirmable_slowdown
from opbench.gate.stats.rule import Rule

ROUNDING = 1e-9
"""So that a p of 1/924 is not above 1/924 by the last bit."""


class ScreenResult(Enum):
    PASS = "pass"  # noqa: S105  (not a password)
    SLOWER = "slower"
    FASTER = "faster"
    OPEN = "open"

    @property
    def suspect(self) -> bool:
        """Whether it is a claim, which fresh workers have to confirm."""
        return self in {ScreenResult.SLOWER, ScreenResult.FASTER}


def screen(comparison: Comparison, rule: Rule) -> ScreenResult:
    """Suspect: surely slower or surely faster, and by more than the tolerance. Pass: surely within it. Else open.

    So is what has a slow group of workers on head alone, unless it is slower as a whole: ranks pass over a few workers,
    however slow, but users of head get them.
    """
    if _surely_slower(comparison, rule):
        return ScreenResult.SLOWER
    if comparison.slow_only_in_head:
        return ScreenResult.OPEN
    if comparison.faster and _surely_slower(comparison.inverted, rule):
        return ScreenResult.FASTER
    return ScreenResult.PASS if comparison.high < 1 + rule.tolerance else ScreenResult.OPEN


EARLY = 0.8
"""Of the tolerance: below it a benchmark passes between the looks, too.

Replayed with the same deals as without, 60 and 80 suites of the same code a condition: 3.9 to 5.5 % fewer slices at a
tolerance of 3 %, 1.3 to 1.8 % at 1.5 %, and none of 560 suites failed. Of 11,200 benchmarks 489 stay open instead of
490; of 1,400 that are slower by 3 %, 1,500 faster by 5 % and 700 with slow processes as many are called so, in every
cell. One more that is slower by 3 %, the tolerance, passes. With 1.0 and no limit to how fast, 10 to 16 % fewer slices,
but two cells of slower ones lose one; with 0.8 and none, one cell of faster ones does.
"""


def passes_early(comparison: Comparison, rule: Rule) -> bool:
    """Whether all of the interval lies within the tolerance, either way, and so far below it on the slower side that it
    need not wait for the next look.

    Nothing is suspected, settled or given up then, so all else is judged at the looks and nowhere between.
    """
    low, high = 1 / (1 + rule.tolerance), 1 + EARLY * rule.tolerance
    return low < comparison.low and comparison.high < high and screen(comparison, rule) is ScreenResult.PASS


def may_be_faster(comparison: Comparison, rule: Rule) -> bool:
    """Whether it looks faster by more than the tolerance, and is not surely faster: more rounds may tell."""
    return not comparison.faster and 1 / comparison.ratio > 1 + rule.tolerance


def _surely_slower(comparison: Comparison, rule: Rule) -> bool:
    return comparison.slower and comparison.ratio > 1 + rule.tolerance


def workers_to_confirm(comparison: Comparison, rule: Rule) -> int:
    """The fewest workers a side that would confirm what a screening saw in 99 of 100 runs, within the rule's bounds.

    Screening and confirmation share no worker, so the choice leaves the level as it is. What is suspected was
    seen larger than it is, more often than not: it is taken for the middle of the estimate and the interval's end.
    comparison: slower; of what was seen faster, its `inverted`.
    """
    slowdown = math.sqrt(comparison.ratio * comparison.low) - 1
    sizes = range(rule.least_confirming, rule.most_confirming)
    enough = (n for n in sizes if confirmable_slowdown(comparison.spread, rule.tolerance, n, rule.strict) <= slowdown)
    return next(enough, rule.most_confirming)


def confirms(comparison: Comparison, rule: Rule) -> bool:
    """Whether fresh workers in the fixed design show it again: slower beyond chance, and by more than the tolerance.

    Of 6 and 6 workers, all of head's are slower than all of base's, 1 deal in 924. Of more, some may overlap: as many
    as keep the exact p at 1 in 924. Whatever the screening looked at and how often does not enter. That head is faster
    is confirmed by the same rule: by `comparison.inverted`.
    """
    return comparison.p <= rule.strict * (1 + ROUNDING) and comparison.ratio > 1 + rule.tolerance
