"""Pi-Nets beside networks of equally many parameters: frequencies, digits, extrapolation, 16 bits.

    python -m impls.polynomial.study                      # five seeds; some five minutes of one core
    python -m impls.polynomial.study --share 0.02 --seeds 0,1 --only spectrum

Prints Markdown and writes RESULTS/polynomial/QUESTION.json; `reports.polynomial.spectral_bias` draws spectrum.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch

from impls.hadaptive.training.command import numbers, use_threads
from impls.polynomial.study import digits, extrapolation, spectrum, stability, tables
from impls.polynomial.study.training import Plan
from opbench.cli.exit_code import exit_code
from opbench.errors import MachineError, UsageError, unknown

FORMAT = "opbench.polynomial.study/1"
Parts: TypeAlias = "Iterator[tuple[str, Iterator[dict[str, Any]]]]"
"""Names of tables, and their records as they become known."""

PLANS = {
    "spectrum": ((3e-3, 1e-2, 3e-2), 1000),
    "digits": ((3e-3, 1e-2, 3e-2), 300),
    "extrapolation": ((3e-3, 1e-2, 3e-2), 1000),
    "stability": ((3e-3, 1e-2, 3e-2), 100),
}
"""Rates that are tried, and steps."""


def spectra(plan: Plan) -> Parts:
    yield "frequencies", (spectrum.learned(subject, plan) for subject in spectrum.SUBJECTS)


def accuracies(plan: Plan) -> Parts:
    read = digits.Digits.read()
    yield "digits", (digits.trained(subject, plan, read) for subject in digits.SUBJECTS)


def extrapolations(plan: Plan) -> Parts:
    asked = itertools.product(extrapolation.TARGETS, extrapolation.SUBJECTS)
    yield "extrapolation", (extrapolation.extrapolated(subject, target, plan) for target, subject in asked)


def stabilities(plan: Plan) -> Parts:
    read, deepest = digits.Digits.read(), max(stability.DEGREES)
    scales = (1.0, stability.LARGE)
    yield "sizes", (stability.sizes_at_start(scale, deepest, plan.seeds, read) for scale in scales)
    asked = itertools.product(stability.DTYPES, stability.DEGREES, stability.REMEDIES)
    yield "stability", (stability.withstood(remedy, degree, dtype, plan, read) for dtype, degree, remedy in asked)


QUESTIONS: dict[str, Callable[[Plan], Parts]] = {
    "spectrum": spectra,
    "digits": accuracies,
    "extrapolation": extrapolations,
    "stability": stabilities,
}
TABLES: dict[str, Callable[[Iterable[dict[str, Any]]], Iterable[str]]] = {
    "frequencies": tables.spectrum_table,
    "digits": tables.digits_table,
    "extrapolation": tables.extrapolation_table,
    "sizes": tables.sizes_table,
    "stability": tables.stability_table,
}


def answered(question: str, seeds: tuple[int, ...], share: float) -> dict[str, Any]:
    """One question's records, with what they cost; rows are printed as they become known. share: of the steps."""
    rates, steps = PLANS[question]
    plan = Plan(seeds, rates, max(1, round(share * steps)))
    result: dict[str, Any] = {
        "format": FORMAT,
        "question": question,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "seeds": list(seeds),
        "rates": list(rates),
        "steps": plan.steps,
        "periods": list(spectrum.PERIODS),
    }
    began, worked = time.perf_counter(), time.process_time()
    for part, records in QUESTIONS[question](plan):
        print(f"\n{part}, {plan.steps:,} steps\n", flush=True)
        result[part] = []
        for row in TABLES[part](_kept(records, result[part])):
            print(row, flush=True)
    return result | {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - worked}


def _kept(records: Iterable[dict[str, Any]], kept: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for record in records:
        kept.append(record)
        yield record


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    parser = argparse.ArgumentParser(prog="python -m impls.polynomial.study", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(QUESTIONS), help="questions, comma-separated")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    parser.add_argument("--share", type=float, default=1.0, help="of all trainings' steps, for a quick look")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; 0 leaves PyTorch's choice")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder that holds the results")
    given = parser.parse_args(words)
    return exit_code("study", lambda: _run(given.only.split(","), numbers("--seeds", given.seeds), given))


def _run(only: Sequence[str], seeds: tuple[int, ...], given: argparse.Namespace) -> None:
    for name in only:
        if name not in QUESTIONS:
            raise unknown("question", name, QUESTIONS, "of the study")
    if not 0 < given.share <= 1:
        raise UsageError(f"--share is {given.share}; expected a number above 0, at most 1")
    use_threads(given.threads)
    for name in only:
        path = given.results / "polynomial" / f"{name}.json"
        text = f"{json.dumps(_short(answered(name, seeds, given.share)))}\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as exc:
            raise MachineError(f"cannot write {path} ({exc.strerror}); give another folder by --results") from exc
        print(f"\n{path}", flush=True)


def _short(value: Any) -> Any:
    """Floats to five digits; one that is not finite, which JSON has no word for, as None."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    sys.exit(main())
