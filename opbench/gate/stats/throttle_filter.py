"""From slices to rounds without those in which the device was throttled, in seconds and in cycles.

A device that is hot, or short of power, lowers its clock for some milliseconds up to minutes. A round's median takes
out what all its slices share, but a clock that falls within a round falls on some workers only. So whole rounds are
left out, never single slices: both sides keep equally many, of the same moments. Too many of them, and what is left is
no longer the device that was asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from opbench.gate.samples import Slice, StageSamples
from opbench.gate.stats.reduce import Rounds, head_mask, to_table, turn_order

THROTTLED = 0.95
"""A slice is throttled when the clock is below this share of what is usual in the run.

nvbench discards below 75 % of the device's default clock, which a device on its boost clock passes even when it has
slowed down by a third. Held against the run itself, the limit can be closer: 5 % is beyond the few steps
(15 MHz of 1,980 are 0.8 %) by which a boosting clock wanders, and near the slowdowns the gate is to find. What stays
under it is answered by the confirmation in cycles. Not measured on a GPU yet.
"""

DISCARDED = 0.25
"""At most this share of the rounds is left out, but one is always allowed unless it is the only one.

Medians over three quarters of the rounds are as good as over all. A device that throttles more often is at its limit
all the time, and rounds that happen to be above the line are not its normal state. Not measured on a GPU yet.
"""


@dataclass(frozen=True)
class Filtered:
    """samples: without the rounds in `discarded`; all of them where there is a problem.

    problem: why the benchmark cannot be vouched for.
    note: what a reader should know, such as that no clock is known.
    """

    samples: StageSamples
    discarded: tuple[int, ...] = ()
    problem: str | None = None
    note: str | None = None


def usual_hz(slices: Sequence[Slice]) -> float | None:
    """Median frequency over all slices whose frequency is known, in hertz; None where none is."""
    clocks_hz = [turn.clock_hz for turn in slices if turn.clock_hz is not None]
    return median(clocks_hz) if clocks_hz else None


def drop_throttled(samples: StageSamples, usual: float | None = None) -> Filtered:
    """A benchmark's slices without its throttled rounds.

    usual: the run's usual frequency in hertz, where that is known from more slices than these.
    """
    usual = usual or usual_hz(samples.slices)
    note = _note(samples.slices)
    if usual is None:
        return Filtered(samples, note=note)
    rounds = {turn.round for turn in samples.slices}
    slow = {turn.round for turn in samples.slices if turn.clock_hz is not None and turn.clock_hz < THROTTLED * usual}
    if len(slow) > _most_discarded(len(rounds)):
        problem = (
            f"throttled: clock under {THROTTLED:.0%} of its usual {usual / 1e6:,.0f} MHz "
            f"in {len(slow)} of {len(rounds)} rounds"
        ).replace("%", " %")
        return Filtered(samples, problem=problem, note=note)
    steady = [turn for turn in samples.slices if turn.round not in slow]
    return Filtered(replace(samples, slices=steady), tuple(sorted(slow)), note=note)


def _most_discarded(rounds: int) -> int:
    return min(rounds - 1, max(1, int(DISCARDED * rounds)))


def _note(slices: Sequence[Slice]) -> str | None:
    unknown = sum(turn.clock_hz is None for turn in slices)
    if not unknown:
        return None
    return "clock frequency unknown" + (f" in {unknown} of {len(slices)} slices" if unknown < len(slices) else "")


def in_cycles(samples: StageSamples) -> StageSamples | None:
    """The same slices, their samples in cycles per call instead of seconds; None where any frequency is unknown."""
    slices = []
    for turn in samples.slices:
        if turn.clock_hz is None:
            return None
        clock_hz = turn.clock_hz
        slices.append(replace(turn, samples_s=tuple(sample_s * clock_hz for sample_s in turn.samples_s)))
    return replace(samples, slices=slices)


def to_rounds(samples: StageSamples, usual: float | None = None) -> Rounds:
    """Rounds without those in which the device was throttled; with a problem where these were too many.

    usual: the device's usual clock in hertz while it ran this benchmark, where more is known than from these slices.
    """
    filtered = drop_throttled(samples, usual)
    steady, cycles = filtered.samples, in_cycles(filtered.samples)
    cycle_logs = None if cycles is None else to_table(cycles)
    return Rounds(to_table(steady), head_mask(steady), cycle_logs, filtered.problem or "", turn_order(steady))
