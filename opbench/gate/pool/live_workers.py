"""Live workers for the sequential test: processes of a pool, as many as memory holds; every slice is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.phases import Phases
from opbench.gate.pool.fork_client import ServerAhead
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_pool import OnStep, WorkerPool
from opbench.gate.samples import Side, StageSamples
from opbench.gate.source.environments import Checkout
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import Rule
from opbench.gate.stats.throttle_filter import to_rounds, usual_hz
from opbench.measure.memory import RESERVE, available_bytes

FEWEST = 4
"""Workers a side below which nothing is said: of 3 and 3, one deal in 20 is wholly apart by chance."""

STAGE_NUMBERS = 1000
"""From the first worker of one stage to that of the next: numbers are unique in a run."""

GIB = 1 << 30


@dataclass
class LiveWorkerFactory:
    """Starts workers of both sides.

    worker_bytes: memory one of them takes, as the dry run showed.
    preload: libraries that their interpreters may have in common.
    ahead: has the server that the first workers may be forked from; later ones have one of their own.
    samples: everything measured so far.
    phases: told where the time goes, by stage.
    """

    checkouts: Mapping[Side, Checkout]
    launch: LaunchConfig
    worker_bytes: int
    random: random.Random
    on_step: OnStep
    preload: Sequence[str] = ()
    ahead: ServerAhead | None = None
    samples: list[StageSamples] = field(default_factory=list)
    phases: Phases = field(default_factory=Phases)
    _next_number: int = 0

    def fitting(self, wanted: int) -> int:
        """How many workers a side memory holds, at most `wanted`. Raises InsufficientMemoryError below FEWEST."""
        free = (1 - RESERVE) * available_bytes("cpu")
        fit = min(wanted, int(free / (2 * self.worker_bytes)))
        if fit < FEWEST:
            raise InsufficientMemoryError(
                f"{free / GIB:.1f} GiB are free, {FEWEST} + {FEWEST} workers of {self.worker_bytes / GIB:.2f} GiB each "
                "are the fewest that can show anything"
            )
        return fit

    def within_memory(self, rule: Rule) -> Rule:
        """The rule with no more workers than memory holds. Raises InsufficientMemoryError below FEWEST."""
        workers, widened = self.fitting(rule.workers), self.fitting(rule.widened)
        most = max(rule.least_confirming, self.fitting(rule.most_confirming))
        return replace(rule, workers=workers, widened=widened, most_confirming=most)

    @contextmanager
    def start(self, per_side: int, stage: str) -> Iterator[LiveWorkers]:
        if self.fitting(per_side) < per_side:
            need = 2 * per_side * self.worker_bytes / GIB
            raise InsufficientMemoryError(f"{per_side} + {per_side} workers need {need:.1f} GiB")
        self.on_step(f"starting {per_side} + {per_side} workers to {stage}")
        first, self._next_number = self._next_number, self._next_number + STAGE_NUMBERS
        with WorkerPool(
            self.checkouts,
            per_side,
            launch=self.launch,
            random=self.random,
            preload=self.preload,
            server=self.ahead.take() if self.ahead else None,
            first_number=first,
            on_step=self.on_step,
            stage=stage,
            phases=self.phases,
        ) as pool:
            yield LiveWorkers(self, pool, per_side)

    def usual_hz(self, benchmark: str) -> float | None:
        """The device's usual clock while it ran this benchmark, from all slices so far; None where there is none."""
        of_benchmark = [samples for samples in self.samples if samples.benchmark == benchmark]
        return usual_hz([slice_ for samples in of_benchmark for slice_ in samples.slices])


@dataclass
class LiveWorkers:
    """A pool that measures rounds for the sequential test."""

    factory: LiveWorkerFactory
    pool: WorkerPool
    per_side: int

    def measure(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        samples = self.pool.measure(benchmark, rounds, stage)
        self.factory.samples.append(samples)
        return to_rounds(samples, self.factory.usual_hz(benchmark))

    def widen(self, per_side: int) -> None:
        self.factory.on_step(f"widening to {per_side} + {per_side} workers")
        if self.factory.fitting(per_side - self.per_side + FEWEST) < per_side - self.per_side + FEWEST:
            raise InsufficientMemoryError(f"for {per_side} + {per_side}")
        self.pool.widen(per_side, "widen")
        self.per_side = per_side
