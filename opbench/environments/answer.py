"""What the gate's judgements on two environments come to: a difference, case by case, and an exit code."""

from __future__ import annotations

from collections import Counter

from opbench.custom.difference import Difference, Row, by_change, differing
from opbench.gate.decision.verdict import FAILED, Judgement, Verdict, exit_code
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import Rule
from opbench.vocabulary.interval import Interval

DECISIONS = {Verdict.REGRESSION: "slower", Verdict.FASTER: "faster", Verdict.INCONCLUSIVE: "undecided"}

WRONG = {Verdict.INVALID: "wrong", Verdict.CRASHED: "failed"}
"""Of a case that was right on one side only, or on none: something to act on, as in a sweep."""


def difference_of(run: LiveRun) -> Difference:
    """Ratios are head over base."""
    rule = run.rule
    return Difference(
        rows=by_change(_row(judgement, run) for judgement in run.judgements),
        only_here=(),
        only_there=(),
        circumstances=tuple(
            differing(run.dry_runs["base"].environment, run.dry_runs["head"].environment, ("in base", "in head"))
        ),
        confidence=rule.confidence,
        advice=promise(rule),
        independent=False,  # the same processes timed all cases
    )


def promise(rule: Rule) -> str:
    """How often the verdicts would be wrong about equal environments."""
    return (
        "base and head took turns, and what is called slower or faster was confirmed by fresh processes of both; where "
        f"the two do not differ, at most {100 * rule.level:g} % of runs call anything so (docs/gate.md), and 'no "
        f"difference' means surely less than {100 * rule.tolerance:g} %"
    )


def exit_code_of(run: LiveRun) -> int:
    """1 for a case that is slower in head, wrong or failed; else 3 where one is undecided or none could be compared;
    else 0. What one side cannot run, for a reason that is no fault, is told and changes nothing.
    """
    if any(judgement.verdict in WRONG for judgement in run.judgements):
        return FAILED
    return exit_code(run.judgements, {Verdict.SKIPPED})


def conclusion(difference: Difference) -> str:
    """One line: `head against base: 1 slower, 2 no difference`."""
    counts = Counter(row.verdict for row in difference.rows)
    return f"head against base: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}"


def _row(judgement: Judgement, run: LiveRun) -> Row:
    name, comparison = judgement.benchmark, judgement.comparison
    if comparison is None or judgement.verdict in {*WRONG, Verdict.SKIPPED}:
        return Row(name, None, _why_not(judgement, run), WRONG.get(judgement.verdict, ""))
    ratio = Interval(comparison.low, comparison.ratio, comparison.high)
    undecided = judgement.verdict is Verdict.INCONCLUSIVE
    return Row(name, ratio, judgement.reason if undecided else "", _decision(judgement.verdict, ratio, run.rule))


def _decision(verdict: Verdict, ratio: Interval, rule: Rule) -> str:
    """A pass says that head is not slower; that it is not faster either, its interval has to show."""
    if verdict is not Verdict.PASS:
        return DECISIONS.get(verdict, verdict.value)
    return "no difference" if ratio.low * (1 + rule.tolerance) > 1 else "no slower"


def _why_not(judgement: Judgement, run: LiveRun) -> str:
    """Of both sides, where neither could run it."""
    failures = {side: run.dry_runs[side].failures.get(judgement.benchmark) for side in SIDES}
    told = [f"{side}: {failure.reason}" for side, failure in failures.items() if failure is not None]
    return "; ".join(told) or judgement.reason
