"""Whether more workers can settle what is open: the screening imagined with as many, drawn from those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.exact import dropped_pairs
from opbench.gate.middle import median
from opbench.gate.rounds import worker_values

if TYPE_CHECKING:
    from opbench.gate.comparing import Comparison
    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule

DRAWS = 400

HOPELESS = 0.05
"""Share of imagined screenings that pass, below which nobody is hired for it: of twenty such benchmarks one might
have been settled, for as long as all twenty take. At a tolerance of 3 % that is a spread of 7 to 8 % between workers
and no difference between the sides."""


SEEN = 0.05
"""A p so small, of either direction, says that the sides may well differ: then more workers are hired in any case."""


def hopeless(rounds: Rounds, found: Comparison, rule: Rule) -> bool:
    """Whether `rule.widened` workers a side would hardly settle it. found: of these rounds."""
    return min(found.p, found.faster_p) > SEEN and passing(rounds, rule) < HOPELESS


def passing(rounds: Rounds, rule: Rule) -> float:
    """The share of screenings by `rule.widened` workers a side that would pass it, were the sides no different.

    Each draws its workers from those of its own side, with replacement, around the side's median: no shape of their
    distribution is assumed, so that a few slow ones among many, which ranks put up with, are no reason to give up.
    Drawn from few, they lie closer together than new ones would, so the share is rather too large.
    """
    values, side = worker_values(rounds.logs, rounds.order), rule.widened
    random = np.random.default_rng(1979)
    groups = [values[rounds.head == which] for which in (False, True)]
    base, head = (random.choice(one - median(one), (DRAWS, side)) for one in groups)
    dropped, _ = dropped_pairs(side, side, rule.confidence)
    differences = (head[:, :, None] - base[:, None, :]).reshape(DRAWS, -1)
    # The interval's upper end lies below the tolerance where no more differences than it leaves out lie at or above it.
    above = np.count_nonzero(differences >= np.log1p(rule.tolerance), axis=1)
    return float((above <= dropped).mean())
