"""Which treatment helps which matrix product in few bits? AdaHOP's question, on layers of ours.

    python -m impls.low_precision.study                       # some minutes on two cores
    python -m impls.low_precision.study --seeds 0 --formats mxfp4 --out some/folder
    python -m impls.low_precision.study --read --out results/reference/xeon207-2core/low_precision

Records the products of one step of two models, forward and both gradients, and measures the error of each in every
format after every treatment. Prints Markdown; writes `products.jsonl` and `study.json`, which
`python -m reports.low_precision.choices` draws; with --read it writes neither.
`python -m impls.low_precision.train` asks whether training holds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from itertools import product
from pathlib import Path

from impls.low_precision import tables
from impls.low_precision.command import fitting, named, options, pool, printed, seeds_of, titled
from impls.low_precision.comparison import Compared, compared
from impls.low_precision.formats.names import FORMATS, format_of
from impls.low_precision.layers.models import MODELS, STEPS, train
from impls.low_precision.layers.recording import recorded
from impls.low_precision.products.treatments import TREATMENTS
from impls.low_precision.records import product_line, product_of, read_lines, write_lines, write_study
from impls.low_precision.summary import cells
from opbench.errors import UsageError

PRODUCTS, STUDY = "products.jsonl", "study.json"


def measured(model: str, seed: int, formats: Sequence[str]) -> list[Compared]:
    """All products of one step of a model, trained for `STEPS` of it before."""
    trainee = MODELS[model](seed)
    train(trainee, STEPS[model])
    layers = recorded(trainee.model, next(trainee.losses))
    return [one for layer in layers for one in compared(model, seed, layer, formats, list(TREATMENTS))]


def measure(workers: Executor, seeds: Sequence[int], formats: Sequence[str], out: Path) -> None:
    """Writes `products.jsonl`, in the order of models, seeds and layers whoever was ready first."""
    jobs = [workers.submit(measured, model, seed, formats) for model, seed in product(MODELS, seeds)]
    write_lines(out / PRODUCTS, (product_line(one) for job in jobs for one in job.result()))


def told(out: Path, *, write: bool) -> Iterator[str]:
    """Markdown of the products in a folder, a table after the other. write: `study.json` beside them."""
    found = [product_of(line) for line in read_lines(out / PRODUCTS)]
    together, apart = cells(found, by_pattern=False), cells(found, by_pattern=True)
    yield from titled("Patterns of the operands", tables.patterns(found))
    yield from titled("Relative error, Frobenius; treatments in multiples of plain's", tables.errors(together))
    yield from titled("Cost", tables.costs(together, together[0].kept))
    yield from titled("The cheapest within 5 % of the least error, and its error over plain's", tables.choices(apart))
    if write:
        yield f"\n{write_study(out / STUDY, [*together, *apart])}"


def _lines(given: argparse.Namespace) -> Iterator[str]:
    if given.read and given.formats is not None:
        raise UsageError(
            f"--formats {given.formats} with --read, which prints all that is in the folder; leave one out"
        )
    seeds, formats = seeds_of(given), list(FORMATS) if given.formats is None else named(given.formats)
    for name in formats:
        format_of(name)
    if not given.read:
        with pool(given.processes) as workers:
            measure(workers, seeds, formats, given.out)
    yield from fitting(given.out / PRODUCTS, told(given.out, write=not given.read))


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    parser = options("study", __doc__.split("\n")[0])
    parser.add_argument("--formats", help=f"comma-separated; without it {', '.join(FORMATS)}")
    given = parser.parse_args(words)
    return printed("study", lambda: _lines(given))


if __name__ == "__main__":
    sys.exit(main())
