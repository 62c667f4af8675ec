"""Live workers for `Trial`: processes of a pool, as many as memory holds, every slice kept for the archive."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from opbench.gate.hired import ShortOfMemoryError
from opbench.gate.pool import Pool
from opbench.gate.steady import as_rounds
from opbench.gate.throttling import usual_hz
from opbench.memory import RESERVE, available_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opbench.gate.environments import Installed
    from opbench.gate.pool import Observe
    from opbench.gate.recipe import Recipe
    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule
    from opbench.gate.slices import Side, Taken

FEWEST = 4
"""Workers a side below which nothing is said: of 3 and 3, one deal in 20 is wholly apart by chance."""

GIB = 1 << 30


@dataclass
class Company:
    """Hires workers of both sides. worker_bytes: memory one of them takes, as the scouts showed. shared: libraries that
    their interpreters may have in common.
    """

    installed: Mapping[Side, Installed]
    recipe: Recipe
    worker_bytes: int
    random: random.Random
    observe: Observe
    shared: Sequence[str] = ()
    taken: list[Taken] = field(default_factory=list)
    _started: int = 0

    def fitting(self, wanted: int) -> int:
        """How many workers a side there is memory for, at most `wanted`. Raises ShortOfMemoryError below FEWEST."""
        free = (1 - RESERVE) * available_bytes("cpu")
        fit = min(wanted, int(free / (2 * self.worker_bytes)))
        if fit < FEWEST:
            raise ShortOfMemoryError(
                f"{free / GIB:.1f} GiB are free, {FEWEST} + {FEWEST} workers of {self.worker_bytes / GIB:.2f} GiB each "
                "are the fewest that can show anything"
            )
        return fit

    def afforded(self, rule: Rule) -> Rule:
        """The rule with no more workers than there is memory for. Raises ShortOfMemoryError below FEWEST."""
        workers, widened = self.fitting(rule.workers), self.fitting(rule.widened)
        most = max(rule.least_confirming, self.fitting(rule.most_confirming))
        return replace(rule, workers=workers, widened=widened, most_confirming=most)

    @contextmanager
    def hire(self, per_side: int, stage: str) -> Iterator[LiveWorkers]:
        self._require(per_side)
        self.observe(f"starting {per_side} + {per_side} workers to {stage}")
        first, self._started = self._started, self._started + 1000  # numbers are unique in a run, stages far apart
        with Pool(
            self.installed,
            per_side,
            start=self.recipe,
            random=self.random,
            shared=self.shared,
            first_number=first,
            observe=self.observe,
        ) as pool:
            yield LiveWorkers(self, pool, per_side)

    def usual_hz(self, benchmark: str) -> float | None:
        """The device's usual clock while it ran this benchmark, from all slices so far; None where there is none."""
        return usual_hz([one for taken in self.taken if taken.benchmark == benchmark for one in taken.slices])

    def _require(self, per_side: int) -> None:
        if self.fitting(per_side) < per_side:
            need = 2 * per_side * self.worker_bytes / GIB
            raise ShortOfMemoryError(f"{per_side} + {per_side} workers need {need:.1f} GiB")


@dataclass
class LiveWorkers:
    """A pool that plays rounds for `Trial`."""

    company: Company
    pool: Pool
    per_side: int

    def play(self, benchmark: str, rounds: int, stage: str) -> Rounds:
        taken = self.pool.play(benchmark, rounds, stage)
        self.company.taken.append(taken)
        return as_rounds(taken, self.company.usual_hz(benchmark))

    def widen(self, per_side: int) -> None:
        self.company.observe(f"widening to {per_side} + {per_side} workers")
        if self.company.fitting(per_side - self.per_side + FEWEST) < per_side - self.per_side + FEWEST:
            raise ShortOfMemoryError(f"for {per_side} + {per_side}")
        self.pool.widen(per_side)
        self.per_side = per_side
