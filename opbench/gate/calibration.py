"""The gate held against itself on this machine: the same code on both sides, recorded once, replayed many times.

A live run of the same code every minute would take a day to bound a rate of a few in a thousand. So many workers are
recorded in lockstep for some minutes, and thousands of runs are drawn from them: any deal of the workers to the sides
is a run of the gate in which nothing changed. The bound counts the replays as if they were independent; they share the
workers recorded, so it holds for this recording's machine and hour, and another calibration may find another.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.detectable import detectable
from opbench.gate.modes import slow_mode
from opbench.gate.rounds import worker_values
from opbench.gate.tape import Tape, hirer
from opbench.gate.trial import Trial
from opbench.gate.verdict import Verdict

if TYPE_CHECKING:
    from opbench.gate.modes import Modes
    from opbench.gate.rule import Rule

ROUNDS = 24
"""Rounds recorded: as many as the longest screening plays, and some to begin at."""


def workers_needed(rule: Rule) -> int:
    """Workers a side to record, so that screening, widening and one confirmation never share a worker."""
    return rule.widened + rule.least_confirming


@dataclass(frozen=True)
class Line:
    """One benchmark. detectable: ratio less 1. slices: taken by the replayed runs, on average. slice_s: one's length.

    false_alarms, inconclusive: shares of the replayed runs.
    """

    benchmark: str
    call_s: float
    spread: float
    detectable: float
    modes: Modes | None
    false_alarms: float
    inconclusive: float
    slices: float
    slice_s: float

    @property
    def seconds(self) -> float:
        """Seconds of slices one run of the gate spends on it."""
        return self.slices * self.slice_s


@dataclass(frozen=True)
class Calibration:
    """alarms: replayed suites with a false alarm, of `suites`. inconclusive: suites that could not vouch."""

    suites: int
    alarms: int
    inconclusive: int
    lines: Sequence[Line]

    @property
    def upper_bound(self) -> float:
        return upper_bound(self.alarms, self.suites)


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of a rate (Clopper and Pearson, 1934): 0 of 1,000 is 0.3 %."""
    from scipy.stats import beta

    return 1.0 if events >= trials else float(beta.ppf(confidence, events + 1, trials - events))


def calibrated(tapes: Sequence[Tape], rule: Rule, suites: int, seed: int, step: Callable[[], None]) -> Calibration:
    """Replay the gate on same-code recordings, each suite all benchmarks once. `step` is called after every suite."""
    verdicts: dict[str, Counter[Verdict]] = {tape.benchmark: Counter() for tape in tapes}
    slices: Counter[str] = Counter()
    alarms = doubts = 0
    for number in range(suites):
        draw = random.Random(f"{seed}/{number}")  # noqa: S311  (a deal of workers, not a secret)
        dealt = {tape.benchmark: tape.dealt(draw) for tape in tapes}
        found = Trial(hirer(dealt, draw), rule).run(list(dealt))
        for one in found:
            verdicts[one.benchmark][one.verdict] += 1
            for seen in (one.found, one.screened):
                slices[one.benchmark] += 2 * seen.workers * seen.rounds if seen else 0
        alarms += any(one.verdict is Verdict.REGRESSION for one in found)
        doubts += any(one.verdict is Verdict.INCONCLUSIVE for one in found)
        step()
    lines = [_line(tape, rule, verdicts[tape.benchmark], slices[tape.benchmark] / suites, suites) for tape in tapes]
    return Calibration(suites, alarms, doubts, lines)


def _line(tape: Tape, rule: Rule, verdicts: Mapping[Verdict, int], slices: float, suites: int) -> Line:
    values = worker_values(tape.logs, tape.order)
    spread = float(np.std(values, ddof=1))
    return Line(
        benchmark=tape.benchmark,
        call_s=math.exp(float(np.median(tape.logs))),
        spread=spread,
        detectable=detectable(spread, rule.widened, rule),
        modes=slow_mode(values, tape.head),
        false_alarms=verdicts.get(Verdict.REGRESSION, 0) / suites,
        inconclusive=verdicts.get(Verdict.INCONCLUSIVE, 0) / suites,
        slices=slices,
        slice_s=float(tape.about["slice_s"]),
    )
