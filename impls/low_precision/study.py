"""Which treatment helps which matrix product in few bits, and does training hold? AdaHOP's question, on layers of ours.

    python -m impls.low_precision.study                       # about six minutes on two cores
    python -m impls.low_precision.study --seeds 0 --steps 20 --formats mxfp4 --out some/folder

Records the products of one step of two models, forward and both gradients, measures the error of each in every format
after every treatment, and trains one of the models with each treatment's products. Prints Markdown; writes
`products.jsonl` and `study.json`, which `python -m reports.low_precision.choices` draws.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import product
from pathlib import Path

from impls.hadaptive.training.command import numbers, use_threads
from impls.low_precision import tables
from impls.low_precision.comparison import Compared, compared
from impls.low_precision.formats.names import FORMATS, format_of
from impls.low_precision.layers.models import MODELS, STEPS, train
from impls.low_precision.layers.recording import recorded
from impls.low_precision.layers.training import Arm, Ended, trained
from impls.low_precision.products.treatments import TREATMENTS
from impls.low_precision.records import written
from impls.low_precision.summary import cells
from opbench.errors import OpbenchError, UsageError

ARMS = (
    Arm(),
    Arm("mxfp8_e4m3"),
    *(Arm("mxfp4", name) for name in ("plain", "transform", "signed transform", "transform + rows", "adaptive")),
    Arm("mxfp4", "adaptive", stochastic=True),
    *(Arm("int4_row", name) for name in ("plain", "adaptive")),
)


def measured(model: str, seed: int, formats: Sequence[str]) -> list[Compared]:
    """All products of one step of a model, trained for `STEPS` of it before."""
    trainee = MODELS[model](seed)
    train(trainee, STEPS[model])
    layers = recorded(trainee.model, next(trainee.losses))
    return [one for layer in layers for one in compared(model, seed, layer, formats, list(TREATMENTS))]


def study(pool: Executor, seeds: Sequence[int], formats: Sequence[str], steps: int, out: Path) -> Iterator[str]:
    """Markdown, a table as soon as it is known, and then the paths of the files."""
    work = list(product(MODELS, seeds))
    runs = [(arm, seed) for arm in ARMS if not arm.kept or arm.kept in formats for seed in seeds]
    jobs = [pool.submit(measured, model, seed, formats) for model, seed in work]
    trainings = [pool.submit(trained, arm, seed, steps) for arm, seed in runs]
    found = [one for job in jobs for one in job.result()]
    together, apart = cells(found, by_pattern=False), cells(found, by_pattern=True)
    yield from _titled("Patterns of the operands", tables.patterns(found))
    yield from _titled("Relative error, Frobenius; treatments in multiples of plain's", tables.errors(together))
    yield from _titled("Cost", tables.costs(together, formats[0]))
    yield from _titled("The cheapest within 5 % of the least error, and its error over plain's", tables.choices(apart))
    ended: dict[Arm, list[Ended]] = {}
    for (arm, _), job in zip(runs, trainings, strict=True):
        ended.setdefault(arm, []).append(job.result())
    yield from _titled(f"Training, {steps} steps", tables.trainings(ended))
    for path in written(out, found, [*together, *apart], ended, steps):
        yield str(path)


def _titled(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield f"\n{title}:\n"
    yield from lines


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    parser = argparse.ArgumentParser(prog="python -m impls.low_precision.study", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    parser.add_argument("--steps", type=int, default=100, help="of a training in few bits")
    parser.add_argument("--formats", default=",".join(FORMATS), help="comma-separated")
    parser.add_argument("--processes", type=int, default=2, help="of one thread each")
    parser.add_argument("--out", type=Path, default=Path("results/low_precision"), help="folder for both files")
    given = parser.parse_args(words)
    try:
        for name in ("steps", "processes"):
            if getattr(given, name) < 1:
                raise UsageError(f"--{name} is {getattr(given, name)}; expected at least 1")
        formats = given.formats.split(",")
        for name in formats:
            format_of(name)
        seeds = numbers("--seeds", given.seeds)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(given.processes, context, use_threads, (1,)) as pool:
            for line in study(pool, seeds, formats, given.steps, given.out):
                print(line, flush=True)
    except OpbenchError as exc:
        print(f"study: {exc}", file=sys.stderr)
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
