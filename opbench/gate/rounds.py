"""From slices to one number per worker: the first quartile of each slice, its logarithm, less its round's median.

The first quartile, because foreign load only ever adds time, and to a part of the samples; not the least, which one
lucky moment decides. The round's median goes, because what a round has in common (clock frequency, a neighbour at work)
says nothing about the sides. A robust mean over rounds goes on as the worker's one value: samples of one process are
not independent, so the process is what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opbench.gate.middle import median, medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.slices import Taken

QUARTILE = 25

NEAR = 1.5
"""In standard deviations of the round: what lies farther from its worker's median counts as if it lay there.

Standard deviation in percent between 24 workers of the same code by 20 rounds, of the recordings in tests/gate (EPYC
quiet, loaded, Xeon quiet, loaded) and of four kernels on the Xeon while a neighbour came and went on the cores' other
hardware threads: 1.27, 1.32, 1.19, 1.15 and 1.60; by 12 rounds 1.34, 1.55, 1.45, 1.46, 1.93. Less the round's mean and
then the median over rounds: 1.42, 1.68, 1.42, 1.90, 1.91 and 1.50, 1.99, 1.80, 2.46, 2.46. With 2.5 instead 1.28, 1.36,
1.18, 1.23, 1.64; with 1 the same within 0.02.
"""

LEAST_SCATTER = 0.2
"""Of the usual round's scatter: no round agrees so well that it decides alone. With 1: 1.32, 1.37, 1.25, 1.19, 1.60."""

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation, of normal values."""

TINY = 1e-18
"""So that rounds without any scatter have a weight."""


@dataclass(frozen=True)
class Rounds:
    """What a fixed set of workers did in some rounds of one benchmark.

    logs: (rounds, workers), logarithm of each slice's first quartile in seconds. head: (workers,), true for head's.
    cycles: the same as logs in cycles of the device's clock, None where it has none or none is known.
    problem: why these rounds cannot be vouched for, such as a throttled device; "" for none.
    """

    logs: NDArray[np.float64]
    head: NDArray[np.bool_]
    cycles: NDArray[np.float64] | None = None
    problem: str = ""

    def __len__(self) -> int:
        return len(self.logs)

    def followed_by(self, later: Rounds) -> Rounds:
        """These rounds and later ones of the same workers."""
        cycles = None
        if self.cycles is not None and later.cycles is not None:
            cycles = np.concatenate([self.cycles, later.cycles])
        return Rounds(np.concatenate([self.logs, later.logs]), self.head, cycles, later.problem or self.problem)


def quartile_log(samples_s: Any) -> float:
    """Logarithm of the first quartile of seconds, NaN where no sample is a positive finite number of seconds."""
    samples = np.asarray(samples_s, dtype=np.float64)
    if not samples.size or not np.all(np.isfinite(samples)) or samples.min() <= 0:
        return float("nan")
    return float(np.log(np.percentile(samples, QUARTILE)))


def tabulated(taken: Taken) -> NDArray[np.float64]:
    """(rounds, workers): the quartile's logarithm of every slice, workers by their number."""
    numbers = sorted(taken.sides)
    column = {number: place for place, number in enumerate(numbers)}
    rounds = sorted({one.round for one in taken.slices})
    row = {number: place for place, number in enumerate(rounds)}
    logs = np.full((len(rounds), len(numbers)), np.nan)
    for one in taken.slices:
        logs[row[one.round], column[one.worker]] = quartile_log(one.samples_s)
    return logs


def heads(taken: Taken) -> NDArray[np.bool_]:
    """(workers,): true for head's, in the order of `tabulated`."""
    return np.array([taken.sides[number] == "head" for number in sorted(taken.sides)])


def worker_values(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """(workers,): one value each, in logarithms relative to the average worker.

    The median over rounds, and from there one step to the mean of what lies near it (Huber, 1964), each round weighted
    by how well its workers agree. Sides do not enter, so equal code stays exchangeable; a side that is slower by a
    factor has values higher by its logarithm.
    """
    centred = logs - medians(logs.T)[:, None]
    values = medians(centred)
    rest = centred - values
    rest -= medians(rest.T)[:, None]
    scatter = MAD_TO_SD * medians(np.abs(rest).T)[:, None]
    weights = 1 / (scatter**2 + (LEAST_SCATTER * median(scatter)) ** 2 + TINY)
    kept = np.clip(rest, -NEAR * scatter, NEAR * scatter)
    found: NDArray[np.float64] = values + (kept * weights).sum(axis=0) / weights.sum()
    return found
