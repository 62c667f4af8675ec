"""Is an honest backend ever taken for a cheat? Every backend that runs here, over and over, with budgets too short.

python -m benchmarks.trust.honest_backends [--cases 5000] [--minutes 10] [--only cross_hadamard,ach] [--budget 0.02]

Points are drawn one after another: an operator, axis values from its own check points or its defaults, a dtype, a mode.
Prints every case that was no figure and not unavailable, with its reason, and how many were. Other work on the machine
only makes this harder to pass, which is the better test.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator

import torch

from benchmarks.pinned import run_pinned
from opbench import catalog
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Failed, Measured, Mismatch
from opbench.vocabulary.settings import Settings

LIGHT = ("cross_hadamard", "ach_expand", "ach_select_expand", "pointwise", "ghost", "ach", "fill")
"""What is drawn where nothing is named: the networks take seconds a point."""

SLOW = ("torch_compile", "tuned")
"""Compiles or tunes for seconds at every new point; drawn in one point of twenty."""


def points(operators: list[Operator], draw: random.Random) -> Iterator[Point]:
    """Without end."""
    while True:
        operator = draw.choice(operators)
        given = draw.choice([{}, *operator.check_points])
        dtype, mode = draw.choice(sorted(operator.tolerances)), draw.choice(sorted(operator.modes))
        if dtype in (operator.backward_tolerances if mode == "backward" else operator.tolerances):
            yield Point(operator.name, operator.complete(given), dtype=dtype, mode=mode)


def cases_of(point: Point, draw: random.Random) -> list[Case]:
    names = []
    for name in catalog.backend_names(point.operator):
        found = catalog.backend(point.operator, name)
        if name in SLOW and draw.random() > 0.05:
            continue
        names += [name, *(f"{name}:{one}" for one in getattr(found, "schedules", ()))]
    return [Case(point, name) for name in names]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(LIGHT))
    asked = parser.parse_args()
    torch.set_grad_enabled(False)
    draw = random.Random(asked.seed)  # noqa: S311  (which points, not a secret)
    operators = [catalog.operator(name) for name in asked.only.split(",")]
    ends, counts, looks = time.monotonic() + 60 * asked.minutes, Counter[str](), 0
    for point in points(operators, draw):
        if sum(counts.values()) >= asked.cases or time.monotonic() > ends:
            break
        operator = catalog.operator(point.operator)
        measurement = PointMeasurement(point, cases_of(point, draw), Settings(budget_s=asked.budget), lambda *_: None)
        for label, outcome in measurement.run(operator, operator.work(point)).items():
            if isinstance(outcome, Mismatch | Failed):
                why = outcome.check.detail if isinstance(outcome, Mismatch) else f"{outcome.phase}: {outcome.reason}"
                print(f"{point} {label}: {why}", flush=True)
            if type(outcome).__name__ != "Unavailable":
                counts[type(outcome).__name__] += 1
            looks += outcome.looks if isinstance(outcome, Measured) else 0
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    flagged = counts["Mismatch"] + counts["Failed"]
    print(f"{flagged} of {sum(counts.values())} cases flagged ({kinds}; {looks} rounds compared)")


if __name__ == "__main__":
    run_pinned("benchmarks.trust.honest_backends", main)
