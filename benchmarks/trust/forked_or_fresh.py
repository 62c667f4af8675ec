"""Does a call take the same time in a measuring process that was forked as in one that was started? In turns.

    python -m benchmarks.trust.forked_or_fresh [--pairs 20] [--budget 0.3] [--sizes 3] [--apart]

The same cases, from caches to memory, each in a new process: one forked, as points on a Ray cluster have it, one
started. Prints for each case the medians of either kind's processes and the median ratio within pairs with its 95 %
interval, once by a process's median sample and once by its quickest, which other work on the machine moves less; and
how far processes of one kind lie apart (the middle half, over the median). All forks of one interpreter have what it
drew when it was started; with `--apart` each has another's.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from opbench.cli.progress import Reporter
from opbench.planning.plan import Task
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.process.forking import Forking
from opbench.process.measuring_process import MeasuringProcess
from opbench.running.runner import Runner
from opbench.store.runs import Run
from opbench.vocabulary.interval import median_interval
from opbench.vocabulary.record import Measured
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Narrowing

SIZES = ((1, 16, 14), (1, 64, 14), (4, 64, 28))
"""Batch, channels, edge: outputs of 92 KiB, 1.5 MiB and 24 MiB."""

BY: dict[str, Callable[[Sequence[float]], float]] = {"median": median, "quickest": min}

Start = Callable[..., Any]


def tasks(budget_s: float, sizes: int) -> list[Task]:
    found: list[Task] = []
    for batch, channels, edge in SIZES[:sizes]:
        axes = {"batch": (batch,), "channels": (channels,), "edge": (edge,)}
        by = Narrowing(axes, ("cross_hadamard",), ("torch_eager", "torch_select"))
        found += Request("channels", "cpu", "wall", budget_s, by=by).share(Shard()).tasks
    return found


def measured(task: Task, start: Start, settings: Settings) -> dict[tuple[str, str], float]:
    """Seconds a call in a process of its own: the median sample and the quickest, by backend."""
    with TemporaryDirectory() as folder:
        runner = Runner(Run(Path(folder)), "cpu", settings, Reporter(), start=start)
        with runner.opened():
            records = runner.measured(task)
    outcomes = {record.case.label: record.outcome for record in records}
    return {
        (label, name): of(outcome.samples_s)
        for label, outcome in outcomes.items()
        if isinstance(outcome, Measured)
        for name, of in BY.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--budget", type=float, default=0.3)
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="the first of them")
    parser.add_argument("--apart", action="store_true", help="fork from another interpreter in each pair")
    asked = parser.parse_args()
    os.environ |= {"OPBENCH_CONTENTION": "ignore"}
    settings = Settings(target=0.0001, budget_s=asked.budget, threads=1, count=False)
    forking = Forking()
    starts: dict[str, Start] = {"forked": partial(MeasuringProcess, start=forking), "started": MeasuringProcess}
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(asked.pairs):
        if asked.apart:
            forking.close()
        for task in tasks(asked.budget, asked.sizes):
            for kind in sorted(starts, reverse=bool(number % 2)):
                for (label, by), seconds in measured(task, starts[kind], settings).items():
                    of_case = found.setdefault(f"{task.point} {label}, {by} sample", {"forked": [], "started": []})
                    of_case[kind].append(seconds)
    for case, by_kind in found.items():
        told(case, by_kind["forked"], by_kind["started"])
    print(f"processes were forked throughout: {not forking.told}")
    forking.close()


def told(case: str, forked: list[float], started: list[float]) -> None:
    ratios = [one / other for one, other in zip(forked, started, strict=True)]
    ratio = median_interval(ratios)
    apart = [(quantiles(kind, n=4)[2] - quantiles(kind, n=4)[0]) / median(kind) for kind in (forked, started)]
    print(
        f"{case}: {1e6 * median(forked):.1f} us forked, {1e6 * median(started):.1f} started, ratio "
        f"{ratio.mid:.3f} ({ratio.low:.3f} to {ratio.high:.3f}); apart by {apart[0]:.1%} and {apart[1]:.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
