"""From a benchmark's slices to the rounds that are judged: without the throttled ones, in seconds and in cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench.gate.rounds import Rounds, heads, orders, tabulated
from opbench.gate.throttling import in_cycles, kept

if TYPE_CHECKING:
    from opbench.gate.slices import Taken


def as_rounds(taken: Taken, usual: float | None = None) -> Rounds:
    """Rounds without those in which the device was throttled; with a problem where these were too many.

    usual: the device's usual clock in hertz while it ran this benchmark, where more is known than from these slices.
    """
    steady = kept(taken, usual)
    cycles = in_cycles(steady.taken)
    logs = None if cycles is None else tabulated(cycles)
    return Rounds(tabulated(steady.taken), heads(steady.taken), logs, steady.problem or "", orders(steady.taken))
