"""What the gate is asked so that a line's cases are measured at two commits, and the command that asks the same.

A benchmark of the gate or of pytest-benchmark is a test's id, which pytest takes for a path. A case of a sweep is its
key. What else a line may have (asv's benchmarks) nothing here can run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from opbench.environments.case_key import EXAMPLE, case_of_key
from opbench.errors import UsageError
from opbench.gate.runs.options import GateOptions

TOLERANCE = 0.03
"""The gate's own, and the most that a claim is held against."""

LEAST_TOLERANCE = 0.005
"""Below it the gate would be open for most kernels: workers of the same code differ by 0.5 to 3 % (docs/gate.md)."""


class Sort(StrEnum):
    """How a case is measured."""

    TEST = "test"
    CASE = "case"


@dataclass(frozen=True)
class Measuring:
    """How cases are measured again, as it was typed.

    declaring: files and modules that declare operators. threads: 0 for those of the line. tolerance: a share, 0 for
    what follows from the size of the claim.
    """

    declaring: tuple[str, ...] = ()
    install: str | None = None
    threads: int = 0
    tolerance: float = 0.0
    results: Path = Path("results")
    time_limit_s: float = 120.0
    wait: bool = True


def sort_of(case: str) -> Sort | None:
    """None for what neither the gate's tests nor its cases can be."""
    if "::" in case:
        return Sort.TEST
    return Sort.CASE if case_of_key(case) is not None else None


def required_sort(case: str) -> Sort:
    """Raises UsageError for what cannot be measured."""
    if (sort := sort_of(case)) is None:
        raise UsageError(
            f"{case!r:.200} cannot be measured at a commit; expected a test's id, such as "
            f"tests/bench/test_it.py::test_it, or a case's key, such as {EXAMPLE}"
        )
    return sort


def question(cases: Sequence[str], measuring: Measuring, device: str = "cpu", threads: int = 1) -> GateOptions:
    """Options without commits. cases: all of one sort. device, threads: where `measuring` does not say."""
    (sort,) = {required_sort(case) for case in cases}
    return GateOptions(
        paths=tuple(cases) if sort is Sort.TEST else measuring.declaring,
        base=None,
        head=None,
        base_json=(),
        head_json=(),
        calibrate=False,
        tolerance="",
        keyword=None,
        allow=None,
        install=measuring.install,
        device=device,
        threads=measuring.threads or threads,
        suites=0,
        results=measuring.results,
        time_limit_s=measuring.time_limit_s,
        as_json=False,
        wait=measuring.wait,
        cases=tuple(cases) if sort is Sort.CASE else (),
    )


def circumstances(facts: Mapping[str, Any]) -> tuple[str, int]:
    """On which device and with how many threads an environment of these facts measured, cpu and 1 where untold."""
    threads = facts.get("threads")
    return str(facts.get("device") or "cpu"), threads if isinstance(threads, int) and threads > 0 else 1


def between(options: GateOptions, old: str, new: str, tolerance: float) -> GateOptions:
    return replace(options, base=old, head=new, tolerance=f"{100 * tolerance:.3g}%")


def command(options: GateOptions) -> str:
    """`opbench gate ...` as a shell takes it. options: with both commits."""
    words = ["opbench", "gate", *options.paths, "--base", str(options.base), "--head", str(options.head)]
    words += [word for case in options.cases for word in ("--case", case)]
    words += ["--tolerance", options.tolerance]
    if options.threads != 1:
        words += ["--threads", str(options.threads)]
    if options.device != "cpu":
        words += ["--device", options.device]
    if options.install is not None:
        words += ["--install", options.install]
    return shlex.join(words)


def tolerance_for(ratio: float) -> float:
    """Half of what is claimed, the gate's own at most: what is found is then nearer to the claim than to none.

    ratio: time after over time before, or the other way round.
    """
    return min(TOLERANCE, max(LEAST_TOLERANCE, (max(ratio, 1 / ratio) - 1) / 2))
