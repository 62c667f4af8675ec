"""The temperature of the search over its epochs: the paper's three curves (appendix A.1), one for all layers.

It does not change which candidates are drawn, only how the gradient of a draw is spread over the logits: hot, a little
of it over all; cold, much of it between those that nearly won.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from opbench.errors import UsageError, unknown

HOTTEST, COLDEST = 4.0, 0.1


def linear(progress: float) -> float:
    return HOTTEST - (HOTTEST - COLDEST) * progress


def exponential(progress: float) -> float:
    return HOTTEST * math.pow(COLDEST / HOTTEST, progress)


def cosine(progress: float) -> float:
    return COLDEST + 0.5 * (HOTTEST - COLDEST) * (1 + math.cos(math.pi * progress))


SCHEDULES: Mapping[str, Callable[[float], float]] = {
    "linear": linear,
    "exponential": exponential,
    "cosine": cosine,
}
"""By name, the temperature at a progress from 0, where it is HOTTEST, to 1, where it is COLDEST."""


def temperature(schedule: str, epoch: int, epochs: int) -> float:
    """In epoch e = 0, 1, ... of E = `epochs`, at progress e / E (appendix A.1).

    The first has the highest; the lowest would be reached one epoch after the last, so that 0.1 is approached and never
    met: the last of 250 epochs of a linear search is at 0.116. Raises UsageError for an unknown schedule and for an
    epoch outside.
    """
    check_schedule(schedule)
    if not 0 <= epoch < epochs:
        raise UsageError(f"epoch {epoch} of {epochs}; expected 0 to {epochs - 1}")
    return SCHEDULES[schedule](epoch / epochs)


def check_schedule(name: str) -> None:
    """Raises UsageError unless `name` is one of SCHEDULES."""
    if name not in SCHEDULES:
        raise unknown("annealing schedule", str(name), SCHEDULES)
