"""What the gate's judgement makes of a claim that a case got slower or faster between two commits."""

from __future__ import annotations

from enum import StrEnum

from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.output.table import one_line, ratio_text
from opbench.gate.stats.rule import Rule


class Answer(StrEnum):
    """CONFIRMED: the code did it. REFUTED: old and new code are alike, within half of the claim. OPEN: neither."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    OPEN = "open"


def answer(judgement: Judgement, rule: Rule, *, slower: bool) -> tuple[Answer, str]:
    """And a sentence. slower: what is claimed. rule: as the run used it.

    A pass shows that new code is no slower by the tolerance; that it is no faster either, its interval has to show.
    """
    verdict, comparison = judgement.verdict, judgement.comparison
    size = "" if comparison is None else f" {ratio_text(comparison, rule)}"
    if verdict is (Verdict.REGRESSION if slower else Verdict.FASTER):
        return Answer.CONFIRMED, f"the gate confirmed it:{size}, {judgement.reason}"
    if verdict in {Verdict.REGRESSION, Verdict.FASTER}:
        return Answer.OPEN, f"the gate confirmed the contrary:{size}, {judgement.reason}"
    if verdict is Verdict.PASS and comparison is not None:
        if slower or comparison.low * (1 + rule.tolerance) > 1:
            within = f"{100 * rule.tolerance:.3g} %"
            return Answer.REFUTED, f"the gate found old and new code to lie within {within}:{size}"
        return Answer.OPEN, f"the gate saw that it is no slower, and could not tell whether it is faster:{size}"
    return Answer.OPEN, f"the gate could not tell: {verdict.value}{size}, {one_line(judgement.reason)}"
