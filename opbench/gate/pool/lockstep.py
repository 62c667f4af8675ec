"""One benchmark in several workers at once: set up, one slice, finished; what fails in one of them fails everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.pool.fan_out import fan_out
from opbench.gate.pool.sampling_plan import SamplingPlan
from opbench.gate.pool.worker_handle import RequestRefusedError, WorkerCrashError, WorkerHandle
from opbench.gate.samples import Slice

if TYPE_CHECKING:
    _Answered = tuple[WorkerHandle, dict[str, Any]]

Place = tuple[int, int, "int | None"]
"""A turn's round, its order in the round, the core it is held on."""


def begin(workers: Iterable[WorkerHandle], benchmark: str) -> list[Mapping[str, Any]]:
    """Every worker's warm-up, done the same way in all: graph replays are not compared with launches."""
    workers = list(workers)
    warm_ups = _warm_ups(workers, benchmark, {"begin": benchmark})
    if len({warm_up["launch_mode"] == "graph" for warm_up in warm_ups}) > 1:
        warm_ups = _warm_ups(workers, benchmark, {"launches": {}})
    return warm_ups


def take_slice(worker: WorkerHandle, benchmark: str, plan: SamplingPlan, place: Place) -> Slice:
    try:
        answer = worker.take_slice(plan, *place)
    except (WorkerCrashError, RequestRefusedError) as exc:
        raise BenchmarkFailure.of_crash(benchmark, exc, worker) from None
    if not isinstance(answer, Slice):
        raise BenchmarkFailure.of_outcome(benchmark, answer, worker)
    return answer


def finish(workers: Iterable[WorkerHandle], benchmark: str) -> None:
    for worker, answer in _ask_all(workers, benchmark, {"finish": {}}):
        if answer["finished"]["outcome"] != "passed":
            raise BenchmarkFailure.of_outcome(benchmark, answer["finished"], worker)


def _warm_ups(workers: Iterable[WorkerHandle], benchmark: str, request: dict[str, Any]) -> list[Mapping[str, Any]]:
    answers = _ask_all(workers, benchmark, request)
    for worker, answer in answers:
        if "ready" not in answer:
            raise BenchmarkFailure.of_outcome(benchmark, answer["finished"], worker)
    return [answer["ready"] for _, answer in answers]


def _ask_all(workers: Iterable[WorkerHandle], benchmark: str, request: dict[str, Any]) -> list[_Answered]:
    """Raises BenchmarkFailure for the first worker without an answer, once all others have answered."""
    answers = list(fan_out((worker, request) for worker in workers))
    for worker, answer in answers:
        if isinstance(answer, Exception):
            raise BenchmarkFailure.of_crash(benchmark, answer, worker)
    return [(worker, answer) for worker, answer in answers if not isinstance(answer, Exception)]
