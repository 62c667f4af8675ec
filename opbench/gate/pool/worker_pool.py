"""Equally many workers of both sides, measuring one benchmark after the other: set up together, timed one at a time.

Whatever becomes of a benchmark, the pool is as it was afterwards: nothing at work in any worker, and a new process in
the place of one that crashed or was killed.
"""

from __future__ import annotations

import random as random_numbers
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self, TypeAlias

from opbench.errors import MachineError
from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.phases import Phases
from opbench.gate.pool.fan_out import fan_out
from opbench.gate.pool.fork_client import ForkServer, forking
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.lockstep import begin, finish, take_slice
from opbench.gate.pool.sampling_plan import SamplingPlan, plan_samples
from opbench.gate.pool.schedule import CorePicker, Schedule
from opbench.gate.pool.worker_handle import WorkerHandle, end
from opbench.gate.samples import SETUP_ROUNDS, SIDES, Side, Slice, StageSamples
from opbench.gate.source.environments import Checkout
from opbench.process.child import spawned

OnStep: TypeAlias = Callable[[str], None]
"""Told what is being done."""


class WorkerPool:
    """Use as a context manager: workers start on entering, in random order, and are killed on leaving.

    preload: libraries to import once for all workers, who are then forked, where they can be; with none every worker
        is an interpreter of its own. server: one that has them, which the pool ends.
    first_number: of the workers' numbers, which count up from there; one started anew keeps the number of the one it
        stands for.
    stage: what its workers are for. phases: told where the time goes.
    Entering raises MachineError where workers cannot start or collect.
    """

    def __init__(
        self,
        checkouts: Mapping[Side, Checkout],
        per_side: int,
        *,
        launch: LaunchConfig,
        random: random_numbers.Random,
        preload: Sequence[str] = (),
        server: ForkServer | None = None,
        first_number: int = 0,
        on_step: OnStep = lambda _: None,
        stage: str = "screen",
        phases: Phases | None = None,
    ) -> None:
        self._checkouts, self._launch, self._random, self._on_step = checkouts, launch, random, on_step
        self._stage, self._phases = stage, phases or Phases()
        self._cores = CorePicker(launch.device, launch.threads, random)
        self._per_side = per_side
        self._next_number = first_number
        self._rounds: Counter[tuple[str, str]] = Counter()
        self._listings: dict[Side, Sequence[Mapping[str, Any]]] = {}
        self._workers: dict[int, WorkerHandle] = {}
        self._preload, self._server = preload, server

    def __enter__(self) -> Self:
        try:
            if self._server is None:
                self._server = forking(self._checkouts, self._launch, self._preload)
            self.widen(self._per_side, self._stage)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sides(self) -> dict[int, Side]:
        """The side of each worker, by its number."""
        return {number: self._workers[number].side for number in sorted(self._workers)}

    def listing(self, side: Side) -> Sequence[Mapping[str, Any]]:
        """The side's benchmarks: `id`, `name`, `group`, `params`, `digest` of each."""
        return self._listings[side]

    def widen(self, per_side: int, stage: str) -> None:
        """Let there be that many new workers a side, in the place of the present ones. Raises MachineError.

        New ones beside old ones would be two groups: of 32 at a network's forward pass, all 16 that had run twenty
        benchmarks before were faster than all 16 that had not, by 8 % in the middle (Xeon).
        """
        self._dismiss()
        self._stage = stage
        sides = [side for side in SIDES for _ in range(per_side)]
        self._random.shuffle(sides)  # the order of starting is an order of addresses and of memory's state
        numbers = range(self._next_number, self._next_number + len(sides))
        self._next_number += len(sides)
        self._start(dict(zip(numbers, sides, strict=True)))

    def measure(self, benchmark: str, rounds: int, stage: str) -> StageSamples:
        """That many rounds: in each, every worker one slice, one worker at a time.

        Rounds are numbered on from those measured before in the same stage. Raises BenchmarkFailure, with the first
        worker's reason, when the test does not run through in every worker; MachineError when a crashed worker cannot
        be replaced.
        """
        self._on_step(f"{stage}: {benchmark}")
        slices: list[Slice] = []
        plan: SamplingPlan | None = None
        schedule = Schedule(self.sides, self._random)
        try:
            while rounds:
                of_setup = min(rounds, SETUP_ROUNDS)
                with self._phase("set-ups", len(self._workers)):
                    warm_ups = begin(self._workers.values(), benchmark)
                plan = plan or plan_samples(warm_ups)
                with self._phase("slices", of_setup * len(self._workers)):
                    slices += self._slices(benchmark, stage, plan, schedule, of_setup)
                with self._phase("finishing", len(self._workers)):
                    finish(self._workers.values(), benchmark)
                rounds -= of_setup
        except BenchmarkFailure:
            self._recover()
            raise
        return StageSamples(benchmark, stage, self.sides, slices)

    def _slices(self, benchmark: str, stage: str, plan: SamplingPlan, schedule: Schedule, rounds: int) -> list[Slice]:
        first = self._rounds[benchmark, stage]
        slices: list[Slice] = []
        for number in range(first, first + rounds):
            core = self._cores.draw()
            for order, worker in enumerate(schedule.next_round()):
                slices.append(take_slice(self._workers[worker], benchmark, plan, (number, order, core)))
        self._rounds[benchmark, stage] += rounds
        return slices

    def _recover(self) -> None:
        """Let every test end that still waits for slices, and put new workers in the place of crashed ones."""
        at_work = [worker for worker in self._workers.values() if worker.at_work]
        for _ in fan_out([(worker, {"finish": {}}) for worker in at_work]):
            pass  # the benchmark is given up; how it ends in the others is no news
        crashed = {number: worker.side for number, worker in self._workers.items() if worker.crashed}
        for number in crashed:
            self._workers.pop(number).close()
        self._start(crashed)

    def _start(self, sides: Mapping[int, Side]) -> None:
        """The first of a side lists its benchmarks, with digests of their sources: 0.1 s of the 0.5 s of a start."""
        listed = set(self._listings)

        def first_requests() -> Iterator[tuple[WorkerHandle, dict[str, Any]]]:
            for number, side in sides.items():
                start = self._server.start if self._server else spawned
                self._workers[number] = WorkerHandle(number, side, self._checkouts, self._launch, start)
                yield self._workers[number], {"collected": {}} if side in listed else {"list": {}}
                listed.add(side)

        with self._phase("starting", len(sides)):
            answers = list(fan_out(first_requests()))
        for worker, answer in answers:
            if isinstance(answer, Exception):
                raise MachineError(f"a worker of {worker.side} cannot start: {answer}")
            if answer["problems"]:
                raise MachineError(f"a worker of {worker.side} cannot collect: {answer['problems'][0]}")
            if "benchmarks" in answer:
                self._listings[worker.side] = answer["benchmarks"]

    def _dismiss(self) -> None:
        with self._phase("ending", len(self._workers)):
            workers = list(self._workers.values())
            self._workers.clear()
            end(workers)

    def _phase(self, name: str, count: int = 1) -> AbstractContextManager[None]:
        return self._phases.phase(f"{self._stage}: {name}", count)

    def close(self) -> None:
        """Kill all workers."""
        self._dismiss()
        if self._server is not None:
            self._server.close()
            self._server = None
