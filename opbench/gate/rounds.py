"""From slices to one number per worker: the first quartile of each slice, its logarithm, less its round's mean.

The first quartile, because foreign load only ever adds time, and to a part of the samples; not the least, which one
lucky moment decides. The round's mean goes, because what a round has in common (clock frequency, a neighbour at work)
says nothing about the sides. The median over rounds goes on as the worker's one value: samples of one process are not
independent, so the process is what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opbench.gate.middle import medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.slices import Taken

QUARTILE = 25


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
    """(workers,): one value each, in logarithms relative to the average worker."""
    centred = logs - logs.mean(axis=1, keepdims=True)
    return medians(centred)
