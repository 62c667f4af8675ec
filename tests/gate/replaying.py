"""Replays of the gate, and of what another tool would have seen of the same benchmark in the same seconds.

The recordings are made by `benchmarks/gate/tapes.py`. A suite has more benchmarks than were recorded: a recording
appears in it several times, each time with its workers dealt anew.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opbench.errors import UsageError
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.workers import StartWorkers, Workers
from opbench.gate.files.recording import Recording, load
from opbench.gate.files.replay import replay_workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opbench.gate.decision.verdict import Judgement
    from opbench.gate.stats.reduce import Rounds
    from opbench.gate.stats.rule import Rule

CONDITIONS = ("epyc/quiet", "epyc/antagonists", "xeon/quiet", "xeon/antagonists")
"""The machine recorded, by its folder, and what else ran on it."""

EXTRAS = (5, 10)
"""Extra units of work, of a hundred, that head's workers did in the recordings of two codes."""

SUITE = 20
RECORDINGS = Path(__file__).parent / "tapes"


@lru_cache(maxsize=8)
def recordings(condition: str, extra: int = 0, folder: Path = RECORDINGS) -> tuple[Recording, ...]:
    """Raises UsageError where there is none: without its data a test has nothing to say."""
    name = f"{condition}-{extra}-percent" if extra else f"{condition}-same-code"
    path = folder / f"{name}.npz"
    if not path.exists():
        words = f"{path.name.partition('-')[0]} --output {path.parent}"
        raise UsageError(f"no recording {path}; python -m benchmarks.gate.tapes {words} makes it")
    return tuple(load(path))


def kind(benchmark: str) -> str:
    """Of a kernel of `benchmarks/gate/kernels`: whether its data stay in a cache."""
    return "memory-bound" if benchmark.startswith("streamed") else "cache-resident"


def suite(tapes: Sequence[Recording], size: int, draw: random.Random, slowdown: float = 1.0) -> dict[str, Recording]:
    """So many benchmarks out of same-code recordings, workers dealt anew, head's slower by exactly the slowdown."""
    found = {}
    for number, tape in enumerate(islice(cycle(tapes), size)):
        dealt = tape.with_random_sides(draw)
        found[f"{tape.benchmark}#{number}"] = with_slower_head(dealt, slowdown) if slowdown != 1 else dealt
    return found


def with_slower_head(recording: Recording, factor: float) -> Recording:
    """As if head's workers were slower by that factor, exactly: the truth of an injected slowdown is known."""
    logs = recording.logs + np.where(recording.head, np.log(factor), 0.0)
    samples = recording.samples_s * np.where(recording.head, factor, 1.0)[None, :, None]
    return replace(recording, logs=logs, samples_s=samples, about=recording.about | {"truth": factor})


def ours(tapes: Mapping[str, Recording], rule: Rule, draw: random.Random) -> list[Judgement]:
    """One run of the gate over the suite."""
    return SequentialTest(replay_workers(tapes, draw), rule).run(list(tapes))


@dataclass(frozen=True)
class Replayed:
    """slices: turns taken by both sides' workers in all stages, those whose rounds were thrown away included."""

    judgement: Judgement
    slices: int


def replayed(tapes: Mapping[str, Recording], rule: Rule, draw: random.Random) -> list[Replayed]:
    """The same with what it cost."""
    slices: Counter[str] = Counter()
    found = SequentialTest(_counting(replay_workers(tapes, draw), slices), rule).run(list(tapes))
    return [Replayed(one, slices[one.benchmark]) for one in found]


def _counting(start: StartWorkers, slices: Counter[str]) -> StartWorkers:
    @contextmanager
    def counted(per_side: int, stage: str) -> Iterator[Workers]:
        with start(per_side, stage) as workers:
            yield _Counted(workers, slices)

    return counted


@dataclass(frozen=True)
class _Counted:
    workers: Workers
    slices: Counter[str]

    def measure(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        measured = self.workers.measure(benchmark, rounds, stage)
        self.slices[benchmark] += measured.logs.size
        return measured

    def widen(self, per_side: int) -> None:
        self.workers.widen(per_side)


@dataclass(frozen=True)
class Runs:
    """What a tool has that compares with a stored run: seconds per call of both, and the slices they took."""

    base: NDArray[np.float64]
    head: NDArray[np.float64]
    slices: int


def stored_and_later(tape: Recording, slices: int, draw: random.Random) -> Runs:
    """One worker of the base in some rounds, one of head's in rounds that do not meet them, half of `slices` each.

    As far as there are rounds: half of the recording's each. Whatever drifted in between did so once, in one direction;
    so the recording is read backwards as often as forwards, and the rounds begin anywhere.
    """
    rounds = min(max(slices // 2, 1), len(tape.logs) // 2)
    earlier = draw.randint(0, len(tape.logs) - 2 * rounds)
    later = draw.randint(earlier + rounds, len(tape.logs) - rounds)
    runs = []
    for side, first in zip((False, True), draw.sample((earlier, later), 2), strict=True):
        worker = draw.choice(list(np.flatnonzero(tape.head == side)))
        runs.append(tape.samples_s[first : first + rounds, worker].ravel())
    return Runs(runs[0], runs[1], 2 * rounds)


def with_slow_mode(
    tape: Recording, factor: float, share: float, draw: random.Random
) -> tuple[Recording, NDArray[np.bool_]]:
    """That share of the workers, whichever side they are on, slower for their whole life; and which they are."""
    slow = np.zeros(len(tape.head), dtype=bool)
    slow[draw.sample(range(len(slow)), round(share * len(slow)))] = True
    logs = tape.logs + np.where(slow, np.log(factor), 0.0)
    return replace(tape, logs=logs), slow


def with_slow_head(tape: Recording, factor: float, share: float, draw: random.Random) -> Recording:
    """That share of head's workers slower for their whole life, and none of base's: a fault of head's own."""
    of_head = list(map(int, np.flatnonzero(tape.head)))
    factors = np.ones(len(tape.head))
    factors[draw.sample(of_head, round(share * len(of_head)))] = factor
    return replace(tape, logs=tape.logs + np.log(factors), samples_s=tape.samples_s * factors[None, :, None])


def synthetic(
    name: str = "small_made",
    *,
    seed: int = 0,
    spread: float = 0.004,
    workers: int = 72,
    rounds: int = 36,
    truth: float = 1.0,
    slow: float = 0.0,
) -> Recording:
    """A recording whose making is known: spread between workers, drift and bursts between rounds, skew within slices.

    truth: head's time over base's; 1 for the same code, with no sides. slow: share of the workers in a mode 2.6x slow.
    """
    draw = np.random.default_rng(seed)
    head = (np.arange(workers) % 2 == 1) & (truth != 1)
    of_worker = draw.normal(scale=spread, size=workers) + np.where(head, np.log(truth), 0.0)
    of_worker += np.where(draw.permutation(workers) < slow * workers, np.log(2.6), 0.0)
    drift = 0.02 * np.cumsum(draw.normal(size=rounds)) + 0.3 * (draw.random(rounds) < 0.1)
    within = draw.gamma(0.7, 0.02, size=(rounds, workers, 12)) + 0.2 * (draw.random((rounds, workers, 1)) < 0.03)
    samples_s = 1e-3 * np.exp(of_worker[None, :, None] + drift[:, None, None] + within)
    about = {"condition": "made", "slice_s": 0.012} | ({"truth": truth} if truth != 1 else {})
    return Recording(name, np.log(np.percentile(samples_s, 25, axis=2)), head, samples_s, about)
