"""From slices to one number per worker: the first quartile of each slice, its logarithm, less its block's median.

The first quartile, because foreign load only ever adds time, and to a part of the samples; not the least, which one
lucky moment decides. A block is four turns that follow each other, two of either side: what they have in common (clock
frequency, a neighbour at work) says nothing about the sides. A robust mean over rounds goes on as the worker's one
value: samples of one process are not independent, so the process is what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from opbench.gate.stats.medians import median, medians

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    from opbench.gate.samples import Slice, StageSamples

    Table: TypeAlias = NDArray[np.float64]

QUARTILE = 25

BLOCK, PASSES = 4, 4
"""Turns of a block, the `turns` of two workers of either side; and how often blocks and workers are taken in turns,
after which the part of a worker's difference that stays with its blocks is below 1 %.

On a Xeon whose neighbour came and went on the cores' other hardware threads, turns of one benchmark scattered by 10 to
35 %, correlated by 0.75 with the next turn and by 0.2 with the fourth, while the halves of a worker's rounds did not
correlate. Standard deviation between 24 to 40 workers of the same code over 20 benchmarks, by 14 rounds, less the
median of the whole round, 3.80 %; of 12 turns 2.80; of 8 2.50; of 6 2.15; of 4 2.02. By 4 rounds 8.7 and 4.1.
"""

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
    """What a fixed set of workers measured in some rounds of one benchmark.

    logs: (rounds, workers), logarithm of each slice's first quartile in seconds.
    head: (workers,), true for head's.
    cycles: the same as logs in cycles of the device's clock, None where it has none or none is known.
    order: (rounds, workers), the place of each worker's turn in its round; None where nobody knows.
    problem: why these rounds cannot be vouched for, such as a throttled device; "" for none.
    """

    logs: NDArray[np.float64]
    head: NDArray[np.bool_]
    cycles: NDArray[np.float64] | None = None
    problem: str = ""
    order: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.logs)

    def extended_by(self, later: Rounds) -> Rounds:
        """These rounds and later ones of the same workers."""
        logs = np.concatenate([self.logs, later.logs])
        cycles, order = _joined(self.cycles, later.cycles), _joined(self.order, later.order)
        return Rounds(logs, self.head, cycles, later.problem or self.problem, order)


def _joined(earlier: NDArray[Any] | None, later: NDArray[Any] | None) -> NDArray[Any] | None:
    """One below the other; None where either is not known."""
    return None if earlier is None or later is None else np.concatenate([earlier, later])


def quartile_log(samples_s: Any) -> float:
    """Logarithm of the first quartile of seconds, NaN where no sample is a positive finite number of seconds."""
    values_s = np.asarray(samples_s, dtype=np.float64)
    if not values_s.size or not np.all(np.isfinite(values_s)) or values_s.min() <= 0:
        return float("nan")
    return float(np.log(np.percentile(values_s, QUARTILE)))


def grid(samples: StageSamples) -> tuple[dict[int, int], dict[int, int]]:
    """Where each round and each worker stands in a table, by its number."""
    rounds, workers = sorted({turn.round for turn in samples.slices}), sorted(samples.sides)
    return {number: row for row, number in enumerate(rounds)}, {number: column for column, number in enumerate(workers)}


def to_table(
    samples: StageSamples, value: Callable[[Slice], float] = lambda turn: quartile_log(turn.samples_s)
) -> Table:
    """(rounds, workers), workers by their number: `value` of every slice, NaN where there is none."""
    row, column = grid(samples)
    table = np.full((len(row), len(column)), np.nan)
    for turn in samples.slices:
        table[row[turn.round], column[turn.worker]] = value(turn)
    return table


def turn_order(samples: StageSamples) -> NDArray[np.int64] | None:
    """(rounds, workers): the places of the turns, None where a slice is missing."""
    order = to_table(samples, lambda turn: turn.order)
    return None if np.isnan(order).any() else order.astype(np.int64)


def head_mask(samples: StageSamples) -> NDArray[np.bool_]:
    """(workers,): true for head's, in the order of `to_table`."""
    return np.array([samples.sides[number] == "head" for number in sorted(samples.sides)])


def worker_effects(logs: Table, order: NDArray[np.int64] | None = None) -> Table:
    """(workers,): one value each, in logarithms relative to the average worker. order: as in Rounds."""
    return robust_means(centre_blocks(logs, order))


def robust_means(relative: Table) -> Table:
    """(workers,): each worker's value, of what `centre_blocks` gives.

    The median over rounds, and from there one step to the mean of what lies near it (Huber, 1964), each round weighted
    by how well its workers agree. Sides do not enter, so equal code stays exchangeable; a side that is slower by a
    factor has values higher by its logarithm.
    """
    values = medians(relative)
    residuals = relative - values
    scatter = MAD_TO_SD * medians(np.abs(residuals).T)[:, None]
    weights = 1 / (scatter**2 + (LEAST_SCATTER * median(scatter)) ** 2 + TINY)
    clipped = np.clip(residuals, -NEAR * scatter, NEAR * scatter)
    means: Table = values + (clipped * weights).sum(axis=0) / weights.sum()
    return means


def centre_blocks(logs: Table, order: NDArray[np.int64] | None = None) -> Table:
    """(rounds, workers): less what each block of BLOCK turns has in common, of a whole round where no order is known.

    What a block has in common is the median of what its workers have beyond their own values, which are not known
    before: both are found in turns, as in Tukey's median polish. Without, a block's median would take a part of its
    own workers' differences along, and sides that share blocks would seem closer than they are.
    """
    if order is None:
        values = medians(logs - medians(logs.T)[:, None])
        return logs - medians((logs - values).T)[:, None]
    count = logs.shape[1]
    turns = np.argsort(order, axis=1)
    in_turn = np.take_along_axis(logs, turns, axis=1)
    edges = [BLOCK * number for number in range(max(1, count // BLOCK))] + [count]
    relative, values = np.empty_like(logs), np.zeros(count)
    for _ in range(PASSES):
        residuals = in_turn - values[turns]
        common = [medians(residuals[:, start:end].T)[:, None].repeat(end - start, 1) for start, end in pairwise(edges)]
        np.put_along_axis(relative, turns, in_turn - np.concatenate(common, axis=1), axis=1)
        values = medians(relative)
    return relative
