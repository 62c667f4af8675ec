"""Does a Hadamard mask help a small classifier, and does a learned one find inputs that mean nothing?

python -m impls.fusion.mask                          # ten seeds, minutes on one core
python -m impls.fusion.mask --records masks.jsonl    # a line for each training, with its gates
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from impls.fusion import masks, stacked
from impls.fusion.mask_tasks import TASKS, Task
from impls.fusion.masks import VARIANTS, Variant
from impls.fusion.options import parser, prepare, unwritable, words_of
from impls.hadaptive.ablation.estimates import in_percent
from impls.hadaptive.training.command import numbers
from opbench.cli.exit_code import exit_code
from opbench.vocabulary.student import mean_interval

if TYPE_CHECKING:
    from torch import Tensor

RATE, BATCH, STEPS = 2e-3, 32, 1000
PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2)
"""Of which each penalised variant has the one with the best mean accuracy on validation images."""
SEEDS = ",".join(map(str, range(10)))


@dataclass(frozen=True)
class Trained:
    """accuracy: of test images. gates: of the inputs. norms: of the inputs' weights, times the gates.

    useful: whether the label depends on the input; of the digits nobody knows.
    """

    task: str
    variant: str
    penalty: float
    seed: int
    accuracy: float
    gates: list[float]
    norms: list[float]
    useful: list[bool] | None


def trained(task: Task, seeds: Sequence[int], steps: int) -> Iterator[list[Trained]]:
    """Each variant's trainings, a list of all seeds', as soon as they are done."""
    given: dict[str, Tensor] = {"random": _random_gates(task, seeds)}
    for name, variant in VARIANTS.items():
        fixed = given[variant.fixed] if variant.fixed else None
        parameters, penalty = _of_variant(task, variant, seeds, fixed, steps)
        found = masks.gates(parameters) if variant.learned == "mask" else fixed
        found = torch.ones(len(seeds), task.inputs) if found is None else found.detach()
        if name == "penalised":
            given["permuted"] = _permuted(found, seeds)
        test = task.parts.test
        right = stacked.accuracies(parameters, masks.logits, (test.x, *([fixed] if fixed is not None else [])), test.y)
        norms = masks.row_norms(parameters).detach() * found
        useful = [None] * len(seeds) if task.useful is None else task.useful.tolist()
        columns = zip(seeds, right.tolist(), found.tolist(), norms.tolist(), useful, strict=True)
        yield [Trained(task.name, name, penalty, *each) for each in columns]


def _of_variant(
    task: Task, variant: Variant, seeds: Sequence[int], fixed: Tensor | None, steps: int
) -> tuple[stacked.Parameters, float]:
    """A model for each seed, and the penalty; all penalties are trained at once, copies of the same models."""
    shapes = masks.shapes(task.inputs, task.classes, variant.learned)
    costs = PENALTIES if variant.penalised else (0.0,)
    parameters = stacked.repeated(stacked.initial(shapes, seeds), len(costs))
    each = torch.tensor(costs).repeat_interleave(len(seeds))
    costed = masks.PENALISED[variant.penalised] if variant.penalised else None
    penalty = None if costed is None else lambda found: each * costed(found).sum(1)
    stacked.train(parameters, masks.logits, _batches(task, seeds, len(costs), fixed, steps), RATE, penalty)
    chosen = slice(0, len(seeds))
    if len(costs) > 1:
        part = task.parts.validation
        x, y = part.x.repeat(len(costs), 1, 1), part.y.repeat(len(costs), 1)
        shares = stacked.accuracies(parameters, masks.logits, (x,), y).reshape(len(costs), len(seeds)).mean(1)
        best = int(shares.argmax())
        chosen = slice(best * len(seeds), (best + 1) * len(seeds))
        return {name: value[chosen] for name, value in parameters.items()}, costs[best]
    return parameters, costs[0]


def _batches(
    task: Task, seeds: Sequence[int], copies: int, fixed: Tensor | None, steps: int
) -> Iterator[stacked.Batch]:
    """Images drawn by the seed, the same for all variants and copies."""
    randoms = [torch.Generator().manual_seed(2_000_000 + seed) for seed in seeds]
    x, y = task.parts.training.x, task.parts.training.y
    models = torch.arange(len(seeds))[:, None]
    for _ in range(steps):
        at = torch.stack([torch.randint(y.shape[1], (BATCH,), generator=random) for random in randoms])
        inputs = (x[models, at].repeat(copies, 1, 1), *([fixed] if fixed is not None else []))
        yield inputs, y[models, at].repeat(copies, 1)


def _random_gates(task: Task, seeds: Sequence[int]) -> Tensor:
    randoms = [torch.Generator().manual_seed(3_000_000 + seed) for seed in seeds]
    return 2 * torch.stack([torch.rand(task.inputs, generator=random) for random in randoms])


def _permuted(gates: Tensor, seeds: Sequence[int]) -> Tensor:
    randoms = [torch.Generator().manual_seed(4_000_000 + seed) for seed in seeds]
    return torch.stack(
        [row[torch.randperm(len(row), generator=random)] for row, random in zip(gates, randoms, strict=True)]
    )


def found_share(scores: Sequence[float], useful: Sequence[bool]) -> float:
    """How many of the inputs with the highest scores are useful, of as many as are: 1 is all, chance their share."""
    highest = sorted(range(len(scores)), key=lambda place: -scores[place])[: sum(useful)]
    return sum(useful[place] for place in highest) / sum(useful)


def rows(tasks: Sequence[str], seeds: Sequence[int], steps: int) -> Iterator[tuple[str, list[Trained]]]:
    """Markdown, a line as soon as it is known, with the trainings that it is of."""
    yield (
        "| task | variant | parameters | penalty | right, % | to none, points | found by gates, % | by weights, % |",
        [],
    )
    yield "|---|---|---|---|---|---|---|---|", []
    for name in tasks:
        task = TASKS[name](seeds)
        none: list[float] = []
        for results in trained(task, seeds, steps):
            variant = VARIANTS[results[0].variant]
            size = stacked.count(masks.shapes(task.inputs, task.classes, variant.learned))
            right = [each.accuracy for each in results]
            none = none or right
            change = "" if none is right else in_percent(
                mean_interval([ours - theirs for ours, theirs in zip(right, none, strict=True)]), "+"
            )  # fmt: skip
            penalty = f"{results[0].penalty:g}" if variant.penalised else ""
            gates, weights = _found(results, by_gates=variant.learned == "mask")
            cells = (f"{size:,}", penalty, in_percent(mean_interval(right)), change, gates, weights)
            yield f"| {task.name} | {results[0].variant} | {' | '.join(cells)} |", results


def _found(results: Sequence[Trained], *, by_gates: bool) -> tuple[str, str]:
    """`found_share` by the gates and by the norms of weights times gates; empty where it cannot be said."""
    known = [(each, each.useful) for each in results if each.useful is not None]
    if not known:
        return "", ""
    weights = in_percent(mean_interval([found_share(each.norms, useful) for each, useful in known]))
    if not by_gates:
        return "", weights
    return in_percent(mean_interval([found_share(each.gates, useful) for each, useful in known])), weights


def write(path: Path, results: Sequence[Trained]) -> None:
    """A line of JSON for each training, gates and norms to three decimals. Raises MachineError where it cannot."""
    lines = []
    for each in results:
        plain = asdict(each)
        plain |= {name: [round(value, 3) for value in plain[name]] for name in ("gates", "norms")}
        lines.append(json.dumps(plain, separators=(",", ":")) + "\n")
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as exc:
        raise unwritable(path, exc) from exc


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    given = parser("mask", __doc__.split("\n")[0], TASKS, SEEDS, STEPS, "a file of JSON lines").parse_args(words)
    return exit_code("mask", lambda: _work(given))


def _work(given: argparse.Namespace) -> None:
    prepare(given)
    results: list[Trained] = []
    for row, found in rows(words_of("task", given.tasks, TASKS), numbers("--seeds", given.seeds), given.steps):
        print(row, flush=True)
        results += found
    if given.records:
        write(given.records, results)


if __name__ == "__main__":
    sys.exit(main())
