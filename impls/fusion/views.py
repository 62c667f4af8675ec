"""Which fusion of two views classifies best, and how does that change with noise in one of them?

python -m impls.fusion.views                          # eight seeds, minutes on one core
python -m impls.fusion.views --records views.csv      # a line for each training and test
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from impls.fusion import fusions, stacked
from impls.fusion.fusions import FUSIONS
from impls.fusion.options import parser, prepare, words_of
from impls.fusion.two_views import INPUTS, TASKS, Viewed, views
from impls.fusion.view_records import Scored, write
from impls.fusion.view_tables import accuracies_table, winners_table
from impls.hadaptive.training.command import numbers
from opbench.cli.exit_code import exit_code

MOST = 8000
"""Parameters of a model, at most; every fusion is as wide as that allows."""
NOISE = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Deviations of the noise, in those of a pixel."""
RATES = (1e-3, 4e-3)
BATCH, STEPS, EVERY = 32, 600, 150
"""Rate and steps are those of the best mean accuracy on validation images, looked at every 150 steps."""
SEEDS = ",".join(map(str, range(8)))


@dataclass(frozen=True)
class _Look:
    """validation: (trained noises, seeds); test: the same; clean: of those trained without noise, (noises, seeds)."""

    rate: float
    steps: int
    validation: torch.Tensor
    test: torch.Tensor
    clean: torch.Tensor


def tested(task: str, name: str, seeds: Sequence[int], steps: int) -> Iterator[Scored]:
    """Trained at every noise and tested at the same, then trained without and tested at every noise."""
    shapes = fusions.fitting(FUSIONS[name], INPUTS[task], MOST)
    parts = views(task, seeds)
    looks = [look for rate in RATES for look in _looks(name, shapes, parts, seeds, steps, rate)]
    size = stacked.count(shapes)
    for place, noise in enumerate(NOISE):
        best = max(looks, key=lambda look: float(look.validation[place].mean()))
        for seed, share in zip(seeds, best.test[place].tolist(), strict=True):
            yield Scored(task, name, size, best.rate, best.steps, noise, noise, seed, share)
    best = max(looks, key=lambda look: float(look.validation[0].mean()))
    for place, noise in enumerate(NOISE[1:], 1):
        for seed, share in zip(seeds, best.clean[place].tolist(), strict=True):
            yield Scored(task, name, size, best.rate, best.steps, 0.0, noise, seed, share)


def _looks(
    name: str, shapes: stacked.Shapes, parts: dict[str, Viewed], seeds: Sequence[int], steps: int, rate: float
) -> list[_Look]:
    """One model for each noise and seed, trained together and looked at on the way."""
    parameters = stacked.repeated(stacked.initial(shapes, seeds), len(NOISE))
    logits = partial(fusions.logits, FUSIONS[name])
    looks: list[_Look] = []

    def shares(found: stacked.Parameters, part: Viewed, *, rescaled: bool) -> torch.Tensor:
        labels = part.y.repeat(len(NOISE), 1)
        right = stacked.accuracies(found, logits, part.noisy(NOISE, rescaled=rescaled), labels)
        return right.reshape(len(NOISE), len(seeds))

    def look(done: int) -> None:
        if done % EVERY and done != steps:
            return
        without = stacked.repeated({key: value[: len(seeds)] for key, value in parameters.items()}, len(NOISE))
        validation, test = (shares(parameters, parts[part], rescaled=True) for part in ("validation", "test"))
        looks.append(_Look(rate, done, validation, test, shares(without, parts["test"], rescaled=False)))

    stacked.train(parameters, logits, _batches(parts["training"], seeds, steps), rate, after=look)
    return looks


def _batches(part: Viewed, seeds: Sequence[int], steps: int) -> Iterator[stacked.Batch]:
    """Images drawn by the seed, the same for all fusions and noises."""
    randoms = [torch.Generator().manual_seed(6_000_000 + seed) for seed in seeds]
    models = torch.arange(len(seeds))[:, None]
    for _ in range(steps):
        at = torch.stack([torch.randint(part.y.shape[1], (BATCH,), generator=random) for random in randoms])
        chosen = Viewed(part.a[models, at], part.b[models, at], part.noise[models, at], part.y[models, at])
        yield chosen.noisy(NOISE, rescaled=True), chosen.y.repeat(len(NOISE), 1)


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    given = parser("views", __doc__.split("\n")[0], TASKS, SEEDS, STEPS, "a CSV file").parse_args(words)
    return exit_code("views", lambda: _work(given))


def _work(given: argparse.Namespace) -> None:
    prepare(given)
    seeds = numbers("--seeds", given.seeds)
    results: list[Scored] = []
    for task in words_of("task", given.tasks, TASKS):
        for name in FUSIONS:
            results += tested(task, name, seeds, given.steps)
            print(f"{task}: {name} done", file=sys.stderr, flush=True)
    print("\n".join([*accuracies_table(results), "", *winners_table(results)]))
    if given.records:
        write(given.records, results)


if __name__ == "__main__":
    sys.exit(main())
