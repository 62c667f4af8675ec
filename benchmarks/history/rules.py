"""Our rule for change points beside other tools': steps found, points invented, milliseconds a series.

    python -m benchmarks.history.rules [--series 300] [--oracle 600] [--only opbench]

Prints the Markdown table of docs/history.md. A step is found where a change point lies within ten points of it; every
other change point is false. "Ten points after": the series ends there, as on the day that somebody would like to hear
of it. asv and Otava are asked where they are installed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.gate.rules import markdown
from benchmarks.history.rivals import Rule, rules
from benchmarks.history.synthetic import KINDS, POINTS, PROCESSES, drawn

STEPS = (0.02, 0.05, 0.1)
NEAR = 10
"""Points from a step within which a change point counts as it; and after it, at the end of a series that grows."""

PLACES = range(20, 71, 10)
"""Where steps are, in turn."""


@dataclass(frozen=True)
class Score:
    """Of one rule over many series of one kind. found: share of the steps; false: false points a series; seconds: of a
    processor, a series.
    """

    found: float
    false: float
    seconds: float


def score(rule: Rule, kind: str, seeds: Sequence[int], step: float = 0.0, *, grows: bool = False) -> Score:
    """grows: the series ends NEAR points after the step."""
    found = false = 0
    began = time.process_time()
    for seed in seeds:
        at = PLACES[seed % len(PLACES)] if step else 0
        values, noise = drawn(kind, seed, step, at)
        points = rule(values[: at + NEAR] if grows else values, noise)
        hits = [one for one in points if step and abs(one - at) <= NEAR]
        found += bool(hits)
        false += len(points) - len(hits)
    each = len(seeds)
    return Score(found / each, false / each, (time.process_time() - began) / each)


def rows(name: str, rule: Rule, seeds: Sequence[int]) -> Iterator[list[str]]:
    kinds = ["correlated 0.7"] if name == "oracle" else [*KINDS, *PROCESSES]
    for kind in kinds:
        still = score(rule, kind, seeds)
        found = [score(rule, kind, seeds, step).found for step in STEPS]
        grown = score(rule, kind, seeds, 0.05, grows=True).found
        shares = [f"{100 * share:.1f} %" for share in (*found, grown)]
        yield [name, kind, f"{still.false:.3f}", *shares, f"{1000 * still.seconds:.2f}"]


def table(count: int, of_oracle: int, only: str) -> Iterator[list[str]]:
    heads = [f"{100 * step:.0f} % found" for step in STEPS]
    yield ["rule", "noise of 2 %", "false points a series", *heads, f"5 % found {NEAR} points after it", "ms"]
    for name, rule in ((name, rule) for name, rule in rules().items() if only in {"", name}):
        yield from rows(name, rule, range(of_oracle if name == "oracle" else count))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history.rules")
    parser.add_argument("--series", type=int, default=300, help="of each kind and step")
    parser.add_argument("--oracle", type=int, default=600, help="the same for the oracle, which is slow")
    parser.add_argument("--only", default="", help="this rule alone")
    asked = parser.parse_args()
    print(f"Series of {POINTS} points:\n")
    print(markdown(table(asked.series, asked.oracle, asked.only)))


if __name__ == "__main__":
    main()
