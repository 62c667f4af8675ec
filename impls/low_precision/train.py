"""Does training hold with every product in few bits, forward and backward, after each treatment?

    python -m impls.low_precision.train                       # some minutes on two cores
    python -m impls.low_precision.train --seeds 0 --steps 20 --out some/folder

Trains the model `attention` by each of ARMS. Prints Markdown; writes `trainings.jsonl`, which --read prints again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from itertools import product
from pathlib import Path

from impls.low_precision import tables
from impls.low_precision.command import fitting, options, pool, printed, seeds_of, titled
from impls.low_precision.layers.training import Arm, Ended, trained
from impls.low_precision.records import read_lines, training_line, training_of, write_lines
from opbench.errors import UsageError

TRAININGS = "trainings.jsonl"
ARMS = (
    Arm(),
    *(Arm("mxfp4", name) for name in ("plain", "transform", "signed transform", "transform + rows")),
    *(Arm("mxfp4", name) for name in ("adaptive", "by pattern")),
    Arm("mxfp4", "adaptive", stochastic=True),
    Arm("int4_row"),
)


def measure(workers: Executor, seeds: Sequence[int], steps: int, out: Path) -> None:
    """Writes `trainings.jsonl`, seed after seed."""
    runs = [(arm, seed) for seed, arm in product(seeds, ARMS)]
    jobs = [workers.submit(trained, arm, seed, steps) for arm, seed in runs]
    lines = (training_line(arm, seed, steps, job.result()) for (arm, seed), job in zip(runs, jobs, strict=True))
    write_lines(out / TRAININGS, lines)


def told(out: Path) -> Iterator[str]:
    """Markdown of the trainings in a folder."""
    lines = read_lines(out / TRAININGS)
    ended: dict[Arm, list[Ended]] = {}
    for line in lines:
        arm, run = training_of(line)
        ended.setdefault(arm, []).append(run)
    steps = sorted({line["asked"] for line in lines})
    yield from titled(f"Training, {', '.join(map(str, steps))} steps", tables.trainings(ended))


def _lines(given: argparse.Namespace) -> Iterator[str]:
    seeds = seeds_of(given)
    if given.steps < 1:
        raise UsageError(f"--steps is {given.steps}; expected at least 1")
    if not given.read:
        with pool(given.processes) as workers:
            measure(workers, seeds, given.steps, given.out)
    yield from fitting(given.out / TRAININGS, told(given.out))


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    parser = options("train", __doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=150, help="of each training")
    given = parser.parse_args(words)
    return printed("train", lambda: _lines(given))


if __name__ == "__main__":
    sys.exit(main())
