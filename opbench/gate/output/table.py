"""Judgements as rows of a table: the text of each cell, and in which order rows come.

The words are the same on a terminal and on a page, so that what one shows can be searched for in the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from opbench.cli.plain import plain
from opbench.gate.decision.verdict import GOOD, Judgement, Verdict
from opbench.gate.stats.compare import Comparison
from opbench.gate.stats.rule import Rule

HEADINGS = ("verdict", "benchmark", "head / base", "p", "detects", "spread", "workers", "seconds", "reason")

NONE = "-"

_COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Cells(NamedTuple):
    """One row, its columns named in HEADINGS. A judgement without a comparison has NONE for every number."""

    verdict: str
    benchmark: str
    ratio: str
    p: str
    detects: str
    spread: str
    workers: str
    seconds: str
    reason: str


def to_cells(judgement: Judgement, rule: Rule, allowed: Collection[Verdict] = (), prefix: str = "") -> Cells:
    """prefix: left away from the benchmark's id, see `common_prefix`. allowed: verdicts that are waived, marked so."""
    waived = " (allowed)" if judgement.verdict in allowed else ""
    comparison = judgement.comparison
    numbers = (NONE,) * 5
    if comparison is not None:
        numbers = (
            ratio_text(comparison, rule),
            "<0.0001" if comparison.p < 1e-4 else f"{comparison.p:.2g}",
            _percent(comparison.detectable),
            _percent(comparison.spread),
            f"{comparison.workers}+{comparison.workers} x {comparison.rounds}",
        )
    return Cells(
        f"{judgement.verdict.value}{waived}",
        plain(judgement.benchmark.removeprefix(prefix)),
        *numbers,
        f"{judgement.seconds:.1f}" if judgement.seconds else NONE,
        reason_text(judgement, rule),
    )


def ratio_text(comparison: Comparison, rule: Rule) -> str:
    """`1.012 [0.998, 1.021]`. Workers too few for the rule's confidence have what they attain behind it: `97 %`."""
    attained = "" if comparison.confidence >= rule.confidence else f" {100 * comparison.confidence:.0f} %"
    return f"{comparison.ratio:.3f} [{comparison.low:.3f}, {comparison.high:.3f}]{attained}"


def reason_text(judgement: Judgement, rule: Rule) -> str:
    """The reason on one line, with a slow group of workers and what made it a suspect, where it had any."""
    parts = [one_line(judgement.reason)]
    comparison, screening = judgement.comparison, judgement.screening
    if comparison is not None and comparison.modes is not None and str(comparison.modes) not in judgement.reason:
        parts.append(str(comparison.modes))
    if screening is not None:
        parts.append(f"screening saw {ratio_text(screening, rule)}")
    return "; ".join(filter(None, parts))


def one_line(text: str) -> str:
    """Reasons quote what tests print: without colour codes, line ends and other characters that move a cursor."""
    text = _COLOUR_CODE.sub("", text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _percent(value: float) -> str:
    """0.034 is `3.4 %`; from twice on a factor; NONE where it is unbounded: no slowdown would have been detected."""
    if not math.isfinite(value):
        return NONE
    if value >= 1:
        return f"{1 + value:.1f}x"
    return f"{100 * value:.{2 if value < 1e-3 else 1}f} %"


def by_urgency(judgements: Iterable[Judgement], allowed: Collection[Verdict] = ()) -> list[Judgement]:
    """What needs action first: regressions, what cannot be vouched for, what of it was waived, then the rest."""

    def rank(verdict: Verdict) -> int:
        if verdict in GOOD:
            return 3
        return 0 if verdict is Verdict.REGRESSION else 1 + (verdict in allowed)

    return sorted(judgements, key=lambda judgement: (rank(judgement.verdict), judgement.benchmark))
