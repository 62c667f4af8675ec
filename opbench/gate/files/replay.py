"""Workers out of a recording for the sequential test: thousands of runs of the gate then cost seconds.

A replay draws workers out of the recording for both sides. Rounds stay in the order they were measured in: a burst of
foreign load hits all of a round's workers alike, as it did then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.decision.workers import InsufficientMemoryError, StartWorkers
from opbench.gate.files.recording import Recording
from opbench.gate.stats.reduce import Rounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[np.int64]]
    """By benchmark, (2, workers a side): which columns of its recording are base's and head's workers."""


class ReplayedWorkers:
    """Each benchmark's rounds go on from where `next_round` stands, cyclically."""

    def __init__(self, recordings: Mapping[str, Recording], columns: Columns, next_round: dict[str, int]) -> None:
        self._recordings = recordings
        self._columns = columns
        self._next_round = next_round
        self.per_side = 0

    def widen(self, per_side: int) -> None:
        most = min(columns.shape[1] for columns in self._columns.values())
        if per_side > most:
            raise InsufficientMemoryError(f"the recording has {most} workers a side left, not {per_side}")
        self.per_side = per_side

    def measure(self, benchmark: str, rounds: int, stage: str) -> Rounds:  # noqa: ARG002  (a recording has no stages)
        recording, columns = self._recordings[benchmark], self._columns[benchmark][:, : self.per_side].ravel()
        first = self._next_round[benchmark]
        rows = np.arange(first, first + rounds)[:, None] % len(recording.logs)
        self._next_round[benchmark] += rounds
        order = None if recording.order is None else recording.order[rows, columns]
        return Rounds(recording.logs[rows, columns], recording.head[columns], order=order)


def replay_workers(recordings: Mapping[str, Recording], random: random.Random) -> StartWorkers:
    """For one replayed run: workers are drawn without being put back, rounds begin anywhere."""
    drawn = {name: _draw(recording, random) for name, recording in recordings.items()}
    next_round = {name: random.randrange(len(recording.logs)) for name, recording in recordings.items()}
    used = 0

    @contextmanager
    def start(per_side: int, stage: str) -> Iterator[ReplayedWorkers]:  # noqa: ARG001  (a recording has no stages)
        nonlocal used
        unused = {name: columns[:, used:] for name, columns in drawn.items()}
        workers = ReplayedWorkers(recordings, unused, next_round)
        workers.widen(per_side)
        yield workers
        used += workers.per_side  # those that joined later, too: whoever is started next is fresh

    return start


def _draw(recording: Recording, random: random.Random) -> NDArray[np.int64]:
    """(2, workers a side): base's and head's workers in a random order, as many of both."""
    sides = [np.flatnonzero(recording.head == side) for side in (False, True)]
    per_side = min(map(len, sides))
    return np.array([random.sample(side.tolist(), per_side) for side in sides])
