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

import numpy as np

from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import Verdict
from opbench.gate.files.recording import Recording
from opbench.gate.files.replay import replay_workers
from opbench.gate.stats.bimodality import SlowMode, find_slow_mode
from opbench.gate.stats.power import detectable_slowdown
from opbench.gate.stats.reduce import worker_effects
from opbench.gate.stats.rule import Rule

ROUNDS = 24
"""Rounds recorded: as many as the longest screening takes, and some to begin at."""


def workers_needed(rule: Rule) -> int:
    """Workers a side to record, so that screening, widening and one confirmation never share a worker."""
    return rule.widened + rule.least_confirming


@dataclass(frozen=True)
class BenchmarkCalibration:
    """One benchmark. The names of these fields are those of the command's JSON.

    call_s: median seconds of a call.
    spread: standard deviation between workers, relative.
    detectable: smallest slowdown that a run would have confirmed nine times in ten, as a ratio less 1.
    modes: a slow group of workers, or None.
    false_alarms, inconclusive: shares of the replayed runs.
    slices: taken by a replayed run, on average. slice_s: one's length.
    """

    benchmark: str
    call_s: float
    spread: float
    detectable: float
    modes: SlowMode | None
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
    """alarms: replayed suites with a false alarm, of `suites`.

    inconclusive: suites that could not vouch.
    lines: by benchmark.
    """

    suites: int
    alarms: int
    inconclusive: int
    lines: Sequence[BenchmarkCalibration]

    @property
    def upper_bound(self) -> float:
        return upper_bound(self.alarms, self.suites)


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of a rate (Clopper and Pearson, 1934): 0 of 1,000 is 0.3 %."""
    from scipy.stats import beta

    return 1.0 if events >= trials else float(beta.ppf(confidence, events + 1, trials - events))


def replay_gate(
    recordings: Sequence[Recording], rule: Rule, suites: int, seed: int, on_suite: Callable[[], None]
) -> Calibration:
    """Replay the gate on same-code recordings, each suite all benchmarks once. `on_suite` is called after each."""
    verdicts: dict[str, Counter[Verdict]] = {recording.benchmark: Counter() for recording in recordings}
    slices: Counter[str] = Counter()
    alarms = inconclusive = 0
    for number in range(suites):
        draw = random.Random(f"{seed}/{number}")  # noqa: S311  (a deal of workers, not a secret)
        suite = {recording.benchmark: recording.with_random_sides(draw) for recording in recordings}
        judgements = SequentialTest(replay_workers(suite, draw), rule).run(list(suite))
        for judgement in judgements:
            verdicts[judgement.benchmark][judgement.verdict] += 1
            for comparison in (judgement.comparison, judgement.screening):
                slices[judgement.benchmark] += 2 * comparison.workers * comparison.rounds if comparison else 0
        alarms += any(judgement.verdict is Verdict.REGRESSION for judgement in judgements)
        inconclusive += any(judgement.verdict is Verdict.INCONCLUSIVE for judgement in judgements)
        on_suite()
    lines = [
        _line(recording, rule, verdicts[recording.benchmark], slices[recording.benchmark] / suites, suites)
        for recording in recordings
    ]
    return Calibration(suites, alarms, inconclusive, lines)


def _line(
    recording: Recording, rule: Rule, verdicts: Mapping[Verdict, int], slices: float, suites: int
) -> BenchmarkCalibration:
    values = worker_effects(recording.logs, recording.order)
    spread = float(np.std(values, ddof=1))
    return BenchmarkCalibration(
        benchmark=recording.benchmark,
        call_s=math.exp(float(np.median(recording.logs))),
        spread=spread,
        detectable=detectable_slowdown(spread, rule.widened, rule),
        modes=find_slow_mode(values, recording.head),
        false_alarms=verdicts.get(Verdict.REGRESSION, 0) / suites,
        inconclusive=verdicts.get(Verdict.INCONCLUSIVE, 0) / suites,
        slices=slices,
        slice_s=float(recording.about["slice_s"]),
    )
