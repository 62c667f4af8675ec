"""Whether to stop for futility: the screening is imagined with more workers, drawn from those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.stats.medians import median
from opbench.gate.stats.rank_test import dropped_pairs
from opbench.gate.stats.reduce import worker_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.stats.compare import Comparison
    from opbench.gate.stats.reduce import Rounds
    from opbench.gate.stats.rule import Rule

DRAWS = 400

FUTILE = 0.05
"""Share of imagined screenings that pass, below which no worker is started for it: of twenty such benchmarks one might
have been settled, for as long as all twenty take. At a tolerance of 3 % that is a spread of 7 to 8 % between workers
and no difference between the sides."""


DIFFERENT = 0.05
"""A p so small, of either direction, says that the sides may well differ: then more workers are started in any case."""


def is_futile(rounds: Rounds, comparison: Comparison, rule: Rule) -> bool:
    """Whether `rule.widened` workers a side would hardly settle it. comparison: of these rounds."""
    return min(comparison.p, comparison.faster_p) > DIFFERENT and pass_probability(rounds, rule) < FUTILE


def pass_probability(rounds: Rounds, rule: Rule) -> float:
    """The share of screenings by `rule.widened` workers a side that would pass it, were the sides no different.

    Each draws its workers from those of its own side, with replacement, around the side's median: no shape of their
    distribution is assumed, so that a few slow ones among many, which ranks put up with, are no reason to give up.
    Drawn from few, they lie closer together than new ones would, so the share is rather too large.
    """
    values, per_side = worker_effects(rounds.logs, rounds.order), rule.widened
    random = np.random.default_rng(1979)
    base, head = (side - median(side) for side in (values[~rounds.head], values[rounds.head]))
    of_base, of_head = (_times_drawn(random, len(side), per_side) for side in (base, head))
    dropped, _ = dropped_pairs(per_side, per_side, rule.confidence)
    # The interval's upper end lies below the tolerance where no more differences than it leaves out lie at or above it.
    beyond = np.subtract.outer(head, base) >= np.log1p(rule.tolerance)
    above = ((of_head @ beyond) * of_base).sum(axis=1)
    return float((above <= dropped).mean())


def _times_drawn(random: np.random.Generator, workers: int, per_side: int) -> NDArray[np.int64]:
    """(DRAWS, workers): how often each worker is among `per_side` drawn with replacement.

    Pairs of the same two workers differ alike, so that counting them is a product of small matrices: the share takes
    0.6 ms, and 1.3 by all 400 times 20 x 20 differences (12 workers a side).
    """
    drawn = random.choice(workers, (DRAWS, per_side)) + workers * np.arange(DRAWS)[:, None]
    return np.bincount(drawn.ravel(), minlength=DRAWS * workers).reshape(DRAWS, workers)
