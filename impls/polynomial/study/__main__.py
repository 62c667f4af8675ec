"""Pi-Nets beside networks of equally many parameters: frequencies, digits, extrapolation, 16 bits.

    python -m impls.polynomial.study                      # five seeds; under ten minutes of one core
    python -m impls.polynomial.study --share 0.02 --seeds 0,1 --only spectrum

Prints Markdown and writes RESULTS/polynomial/study.json, which `reports.polynomial.spectral_bias` draws.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from impls.hadaptive.training.command import numbers, use_threads
from impls.polynomial.study import digits, extrapolation, spectrum, stability, tables
from impls.polynomial.study.training import Plan
from opbench.errors import MachineError, OpbenchError, UsageError, unknown

FORMAT = "opbench.polynomial.study/1"
Records = list[dict[str, Any]]

PLANS = {
    "spectrum": ((3e-3, 1e-2, 3e-2), 2000),
    "digits": ((3e-3, 1e-2, 3e-2), 600),
    "extrapolation": ((3e-3, 1e-2, 3e-2), 1500),
    "stability": ((3e-3, 1e-2, 3e-2), 200),
}
"""Rates that are tried, and steps."""


def spectra(plan: Plan) -> Iterator[tuple[str, Records]]:
    yield "frequencies", [spectrum.learned(subject, plan) for subject in spectrum.SUBJECTS]


def accuracies(plan: Plan) -> Iterator[tuple[str, Records]]:
    read = digits.Digits.read()
    yield "digits", [digits.trained(subject, plan, read) for subject in digits.SUBJECTS]


def extrapolations(plan: Plan) -> Iterator[tuple[str, Records]]:
    yield (
        "extrapolation",
        [
            extrapolation.extrapolated(subject, target, plan)
            for target in extrapolation.TARGETS
            for subject in extrapolation.SUBJECTS
        ],
    )


def stabilities(plan: Plan) -> Iterator[tuple[str, Records]]:
    read, scales = digits.Digits.read(), (1.0, stability.LARGE)
    yield "sizes", [stability.sizes_at_start(scale, max(stability.DEGREES), plan.seeds, read) for scale in scales]
    yield (
        "stability",
        [
            stability.withstood(remedy, degree, dtype, plan, read)
            for dtype in stability.DTYPES
            for degree in stability.DEGREES
            for remedy in stability.REMEDIES
        ],
    )


QUESTIONS: dict[str, Callable[[Plan], Iterator[tuple[str, Records]]]] = {
    "spectrum": spectra,
    "digits": accuracies,
    "extrapolation": extrapolations,
    "stability": stabilities,
}
TABLES: dict[str, Callable[[Records], Iterable[str]]] = {
    "frequencies": tables.spectrum_table,
    "digits": tables.digits_table,
    "extrapolation": tables.extrapolation_table,
    "sizes": tables.sizes_table,
    "stability": tables.stability_table,
}


def study(only: Sequence[str], seeds: tuple[int, ...], share: float) -> dict[str, Any]:
    """All records, with what they cost; each table is printed when it is known. share: of the steps, 1 at least."""
    result: dict[str, Any] = {
        "format": FORMAT,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "seeds": list(seeds),
        "periods": list(spectrum.PERIODS),
        "seconds": {},
    }
    for name in only:
        rates, steps = PLANS[name]
        plan = Plan(seeds, rates, max(1, round(share * steps)))
        began, worked = time.perf_counter(), time.process_time()
        for part, records in QUESTIONS[name](plan):
            result[part] = records
            print(f"\n{part}, {plan.steps:,} steps\n", *TABLES[part](records), sep="\n", flush=True)
        result["seconds"][name] = {"wall": time.perf_counter() - began, "cpu": time.process_time() - worked}
    return result


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    parser = argparse.ArgumentParser(prog="python -m impls.polynomial.study", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(QUESTIONS), help="questions, comma-separated")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    parser.add_argument("--share", type=float, default=1.0, help="of all trainings' steps, for a quick look")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads; 0 leaves PyTorch's choice")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder that holds the results")
    given = parser.parse_args(words)
    try:
        path = _run(given.only.split(","), numbers("--seeds", given.seeds), given)
    except OpbenchError as exc:
        print(f"study: {exc}", file=sys.stderr)
        return exc.exit_code
    print(f"\n{path}\nFigure: python -m reports.polynomial.spectral_bias {path} spectral_bias.svg")
    return 0


def _run(only: Sequence[str], seeds: tuple[int, ...], given: argparse.Namespace) -> Path:
    for name in only:
        if name not in QUESTIONS:
            raise unknown("question", name, QUESTIONS, "of the study")
    if not 0 < given.share <= 1:
        raise UsageError(f"--share is {given.share}; expected a number above 0, at most 1")
    use_threads(given.threads)
    result = study(only, seeds, given.share)
    path: Path = given.results / "polynomial" / "study.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps(_short(result))}\n", encoding="utf-8")
    except OSError as exc:
        raise MachineError(f"cannot write {path} ({exc.strerror}); give another folder by --results") from exc
    return path


def _short(value: Any) -> Any:
    """Floats to five digits; one that is not finite, which JSON has no word for, as None."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    sys.exit(main())
