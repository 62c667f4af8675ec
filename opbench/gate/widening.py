"""Whether more workers can settle what is open: the screening imagined with as many, drawn from those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.exact import dropped_pairs
from opbench.gate.rounds import worker_values

if TYPE_CHECKING:
    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule

DRAWS = 400

HOPELESS = 0.05
"""Share of imagined screenings that settle, below which nobody is hired for it: of twenty such benchmarks one might
have been settled, for as long as all twenty take. At a tolerance of 3 % that is a spread of 7 to 8 % between workers
and no difference between the sides."""


def settling(rounds: Rounds, rule: Rule) -> float:
    """The share of screenings by `rule.widened` workers a side that would pass it or suspect it.

    Each draws its workers from those of its own side with replacement: no shape of their distribution is assumed, so
    that a few slow ones among many, which ranks put up with, are no reason to give up. Drawn from few, they lie closer
    together than new ones would, so the share is rather too large.
    """
    values, side = worker_values(rounds.logs), rule.widened
    random = np.random.default_rng(1979)
    base, head = (random.choice(part, (DRAWS, side)) for part in (values[~rounds.head], values[rounds.head]))
    ordered = np.sort((head[:, :, None] - base[:, None, :]).reshape(DRAWS, -1), axis=1)
    dropped, _ = dropped_pairs(side, side, rule.confidence)
    low, high, middle = ordered[:, dropped], ordered[:, -1 - dropped], np.median(ordered, axis=1)
    tolerance = np.log1p(rule.tolerance)
    settled = (high < tolerance) | ((low > 0) & (middle > tolerance))
    return float(settled.mean())
