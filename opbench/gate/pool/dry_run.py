"""One worker a side goes ahead: what benchmarks are there, do they run, is it this side's code, how much memory.

It also pays, once, for everything that is kept on disk: compiled Python, built extensions, tuned kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.pool.fan_out import fan_out
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_handle import RequestRefusedError, UsageRefusedError, WorkerCrashError, WorkerHandle
from opbench.gate.samples import SIDES, Side
from opbench.gate.source.environments import Checkout


@dataclass
class DryRun:
    """What one side's first worker showed.

    benchmarks: those of the side.
    failures: by id, those that do not run through.
    problems: a line for each part of the tests that could not be collected.
    usage_error: whether `problems` are those of the paths and the keyword asked for, not of what lies there.
    deselected: ids of benchmarks that pytest's filters left out. filters: these, by option.
    foreign_modules: files of modules imported from where another side's code lies.
    preloadable: libraries it has imported that its workers may be given by one interpreter they are forked from.
    environment: what times depend on besides the code.
    memory_bytes: of a worker that has run every benchmark.
    """

    benchmarks: list[Benchmark] = field(default_factory=list)
    failures: dict[str, BenchmarkFailure] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    usage_error: bool = False
    deselected: Sequence[str] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    foreign_modules: Sequence[str] = ()
    preloadable: Sequence[str] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    memory_bytes: int = 0


def dry_run(
    checkouts: Mapping[Side, Checkout],
    launch: LaunchConfig,
    on_imports: Callable[[Sequence[str]], object] = lambda _: None,
) -> dict[Side, DryRun]:
    """Both sides at once: each lists its benchmarks and runs every one with a single call.

    One goes through them from the first to the last and the other from the last to the first: what a benchmark finds
    out for all workers of a run, see COMMON_FOLDER, is then found out once and not by both at the same time.
    on_imports: told which preloadable libraries both have imported, when they have collected and again in the end.
    """
    with ExitStack() as stack:
        sides = {side: _DryRunWorker(side, checkouts, launch) for side in SIDES}
        for side in sides.values():
            stack.callback(side.close)
            side.start()
        for worker, answer in fan_out([(side.worker, {"list": {}}) for side in sides.values()]):
            sides[worker.side].record_list(answer)
        on_imports(_imported(sides))
        base, head = ([(side, benchmark.id) for benchmark in side.result.benchmarks] for side in sides.values())
        for pair in zip_longest(base, reversed(head)):
            _probe([probe for probe in pair if probe is not None])
        on_imports(_imported(sides))
        return {name: side.finish() for name, side in sides.items()}


def _imported(sides: Mapping[Side, _DryRunWorker]) -> list[str]:
    """What both sides' workers have imported that may be preloaded."""
    for side in sides.values():
        side.record_modules()
    base, head = (side.result.preloadable for side in sides.values())
    return [name for name in base if name in head]


def _probe(pair: Sequence[tuple[_DryRunWorker, str]]) -> None:
    answers = fan_out([(side.worker, {"probe": benchmark}) for side, benchmark in pair])
    for (side, benchmark), (_, answer) in zip(pair, answers, strict=True):
        side.record_probe(benchmark, answer)


@dataclass
class _DryRunWorker:
    side: Side
    checkouts: Mapping[Side, Checkout]
    launch: LaunchConfig
    result: DryRun = field(default_factory=DryRun)

    def start(self) -> None:
        self.worker = WorkerHandle(0, self.side, self.checkouts, self.launch)

    def close(self) -> None:
        if hasattr(self, "worker"):
            self.worker.close()

    def record_list(self, answer: dict[str, Any] | Exception) -> None:
        result = self.result
        if isinstance(answer, Exception):
            result.problems.append(str(answer))
            result.usage_error = isinstance(answer, UsageRefusedError)
            return
        result.problems.extend(answer["problems"])
        result.environment = answer["environment"]
        result.deselected, result.filters = answer["deselected"], answer["filters"]
        for listed in answer["benchmarks"]:
            result.benchmarks.append(Benchmark(listed["id"], listed["params"], listed["digest"], listed["group"]))

    def record_probe(self, benchmark: str, answer: dict[str, Any] | Exception) -> None:
        if isinstance(answer, Exception):
            self.result.failures[benchmark] = BenchmarkFailure.of_crash(benchmark, answer)
            self.close()
            self.start()
            self.worker.ask({"list": {}})
        elif answer["finished"]["outcome"] != "passed" or not answer["called"]:
            self.result.failures[benchmark] = BenchmarkFailure.of_outcome(benchmark, answer["finished"])

    def record_modules(self) -> None:
        try:
            modules = self.worker.ask({"modules": {}})
        except (WorkerCrashError, RequestRefusedError):
            modules = {"foreign": [], "preloadable": []}  # it did not even collect, which `problems` says
        self.result.foreign_modules, self.result.preloadable = modules["foreign"], modules["preloadable"]

    def finish(self) -> DryRun:
        self.result.memory_bytes = self.worker.memory_bytes()
        return self.result
