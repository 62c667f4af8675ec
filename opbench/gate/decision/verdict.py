"""The verdict on each benchmark, and what all verdicts make of the run: its exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opbench.errors import unknown
from opbench.gate.stats.compare import Comparison


class Verdict(StrEnum):
    """Only PASS and FASTER let a run pass; REGRESSION fails it; with any other the gate cannot vouch for head."""

    PASS = "pass"  # noqa: S105  (not a password)
    FASTER = "faster"
    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"
    NEW = "new"
    DELETED = "deleted"
    RENAMED = "renamed"
    CHANGED = "changed"
    EMPTY = "empty"
    INVALID = "invalid"
    CRASHED = "crashed"
    SKIPPED = "skipped"
    MACHINE = "machine"


GOOD = frozenset({Verdict.PASS, Verdict.FASTER})

WAIVABLE = {verdict.value: verdict for verdict in Verdict if verdict not in GOOD | {Verdict.REGRESSION}}
"""What `--allow` takes: why the gate may be asked to pass although it cannot vouch."""

PASSED, FAILED, CANNOT_VOUCH = 0, 1, 3


@dataclass(frozen=True)
class Judgement:
    """One benchmark's verdict with its reason in a sentence.

    comparison: what the verdict rests on, None where none could be made.
    screening: the comparison that made it a suspect, when it was one.
    seconds: wall time its rounds took.
    """

    benchmark: str
    verdict: Verdict
    reason: str
    comparison: Comparison | None = None
    screening: Comparison | None = None
    seconds: float = 0.0


def waivers(text: str | None) -> frozenset[Verdict]:
    """Of `new,deleted`. Raises UsageError for a word that is none."""
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    for word in words:
        if word not in WAIVABLE:
            raise unknown("verdict to allow", word, WAIVABLE)
    return frozenset(WAIVABLE[word] for word in words)


def exit_code(judgements: Sequence[Judgement], allowed: Collection[Verdict] = ()) -> int:
    """1 for a confirmed regression; else 3 where anything cannot be vouched for and is not waived; else 0.

    A run without a single benchmark that was compared vouches for nothing: 3, waived or not.
    """
    verdicts = {judgement.verdict for judgement in judgements}
    if Verdict.REGRESSION in verdicts:
        return FAILED
    if not verdicts & GOOD or verdicts - GOOD - set(allowed):
        return CANNOT_VOUCH
    return PASSED


def conclusion(judgements: Sequence[Judgement], allowed: Collection[Verdict] = ()) -> str:
    """One line: the result, the verdicts counted, what was waived."""
    counts = Counter(judgement.verdict for judgement in judgements)
    texts = {verdict: f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]}
    counted = ", ".join(texts.values()) or "no benchmark"
    waived = [text for verdict, text in texts.items() if verdict in allowed]
    words = {
        PASSED: "passed",
        FAILED: "FAILED: confirmed regression",
        CANNOT_VOUCH: "CANNOT VOUCH: not all of it could be compared",
    }
    result = words[exit_code(judgements, allowed)]
    return f"{result} ({counted}" + (f"; allowed: {', '.join(waived)})" if waived else ")")
