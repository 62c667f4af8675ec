"""What looking at timed outputs costs: points measured with and without `--trusting`, in turns.

    python -m benchmarks.trust.cost_of_looking [--rounds 10] [--budget 0.5]

In every round each point is measured both ways, in an order drawn anew, in this process. Prints, by point, how much
longer looking takes as the median over rounds of the ratio of wall times, with its interval, and the same of all points
together. Checks, redrawn inputs and kept outputs are in the wall time; preparing is too, and is the same on both sides,
so a backend that compiles for long is left out. No interval is narrow enough to end before the budget does: a lucky
median would save more time than looking costs. At most 1.10 is wanted. About 4 minutes; nothing else should run.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass

import torch

from benchmarks.pinned import run_pinned
from opbench import catalog
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.interval import median_interval
from opbench.vocabulary.settings import Settings

OPERATOR = "cross_hadamard"
NARROW = 1e-6
BACKENDS = ("torch_eager", "torch_select", "cpp_ext")
SIZES = (
    {"batch": 1, "channels": 8, "edge": 7},
    {"batch": 1, "channels": 32, "edge": 14},
    {"batch": 4, "channels": 64, "edge": 14},
    {"batch": 1, "channels": 128, "edge": 28},
    {"batch": 4, "channels": 64, "edge": 56},
)


@dataclass
class Spent:
    """Wall seconds of a round's two measurements of one point, and how many rounds of samples were looked at."""

    looking_s: list[float]
    trusting_s: list[float]
    looks: int = 0

    def ratio(self) -> str:
        found = median_interval([one / other for one, other in zip(self.looking_s, self.trusting_s, strict=True)])
        return f"{found.mid:.3f} [{found.low:.3f}, {found.high:.3f}]"


def measured_s(point: Point, settings: Settings) -> tuple[float, int]:
    """Wall seconds to measure every backend at a point, and how many of its rounds kept outputs."""
    operator = catalog.operator(point.operator)
    measurement = PointMeasurement(point, [Case(point, name) for name in BACKENDS], settings, lambda *_: None)
    began = time.perf_counter()
    outcomes = measurement.run(operator, operator.work(point))
    spent = time.perf_counter() - began
    return spent, sum(getattr(outcome, "looks", 0) for outcome in outcomes.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--budget", type=float, default=0.5, help="seconds of samples a backend, as in a sweep")
    asked = parser.parse_args()
    torch.set_grad_enabled(False)
    operator, draw = catalog.operator(OPERATOR), random.Random(0)  # noqa: S311  (an order, not a secret)
    points = {str(sizes): Point(OPERATOR, operator.complete(sizes)) for sizes in SIZES}
    spent = {name: Spent([], []) for name in points}
    for number in range(-1, asked.rounds):
        for name, point in points.items():
            for trusting in draw.sample([False, True], 2):
                seconds, looks = measured_s(point, Settings(NARROW, asked.budget, trusting=trusting))
                if number >= 0:
                    (spent[name].trusting_s if trusting else spent[name].looking_s).append(seconds)
                    spent[name].looks += looks
    for name, one in spent.items():
        print(f"{name:45} {one.ratio()}   {one.looks} rounds of samples looked at", flush=True)
    totals = Spent(
        [sum(times) for times in zip(*(one.looking_s for one in spent.values()), strict=True)],
        [sum(times) for times in zip(*(one.trusting_s for one in spent.values()), strict=True)],
    )
    print(f"{'all':45} {totals.ratio()}   over {asked.rounds} rounds")


if __name__ == "__main__":
    run_pinned("benchmarks.trust.cost_of_looking", main)
