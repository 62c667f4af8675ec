"""From fresh workers' rounds to a verdict and a sentence. Pure functions.

That head is faster is a claim like any other. What fresh workers do not confirm of it is no fault of head's: the
screening showed it to be within the tolerance, so it is a pass, with the estimate. Unless some of them are slow as none
of base's is: that is neither faster nor a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from opbench.gate.decision.screening import ScreenResult, confirms, screen
from opbench.gate.decision.verdict import Verdict
from opbench.gate.stats.compare import Comparison, compare
from opbench.gate.stats.rank_test import smallest_p
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import Rule

if TYPE_CHECKING:
    Conclusion: TypeAlias = tuple[Verdict, str]


def pass_reason(comparison: Comparison) -> str:
    """Why it passes. What lies within the tolerance is not confirmed by anybody, so nothing is claimed of it."""
    if comparison.slower or comparison.faster:
        way = "slower" if comparison.slower else "faster"
        return f"surely within the tolerance; it looks {way} by less than that"
    return "surely within the tolerance"


def open_reason(comparison: Comparison | None) -> str:
    if comparison is None:
        return "nothing was measured"
    if comparison.modes is not None:
        return f"undecided: {comparison.modes}"
    return f"undecided: {100 * comparison.spread:.1f} % between workers of one side"


def conclude(claim: ScreenResult, rounds: Rounds, comparison: Comparison, rule: Rule, *, rejected: bool) -> Conclusion:
    """The verdict on what screening suspected.

    rounds, comparison: of the fresh workers. rejected: whether Holm rejects that both sides are the same.
    """
    conclude_claim = _conclude_faster if claim is ScreenResult.FASTER else _conclude_slower
    return conclude_claim(rounds, comparison, rule, rejected=rejected)


def conclude_unconfirmed(claim: ScreenResult, reason: str) -> Conclusion:
    """reason: why there are no fresh workers."""
    if claim is ScreenResult.FASTER:
        return Verdict.PASS, f"surely within the tolerance; it looks faster, but {reason}"
    return Verdict.INCONCLUSIVE, f"suspected, but {reason}"


def _conclude_slower(rounds: Rounds, comparison: Comparison, rule: Rule, *, rejected: bool) -> Conclusion:
    if rounds.problem:
        return Verdict.INCONCLUSIVE, f"suspected, not confirmed: {rounds.problem}"
    if rejected and confirms(comparison, rule):
        if rounds.cycles is not None and not confirms(compare(rounds, rule, rounds.cycles), rule):
            return Verdict.INCONCLUSIVE, "slower in seconds but not in cycles of the device's clock"
        return Verdict.REGRESSION, f"{_fresh(comparison)} confirm it, p = {comparison.p:.2g}"
    if smallest_p(comparison.workers, comparison.workers) > rule.strict:
        return Verdict.INCONCLUSIVE, f"suspected, but {_fresh(comparison)} are too few to confirm anything"
    if screen(comparison, rule) in {ScreenResult.PASS, ScreenResult.FASTER}:
        return Verdict.PASS, f"suspected, not confirmed by fresh workers; {pass_reason(comparison)}"
    return Verdict.INCONCLUSIVE, f"suspected, not confirmed by fresh workers; {open_reason(comparison)}"


def _conclude_faster(rounds: Rounds, comparison: Comparison, rule: Rule, *, rejected: bool) -> Conclusion:
    passed = "surely within the tolerance; it looked faster"
    if rounds.problem:
        return Verdict.PASS, f"{passed}, not confirmed: {rounds.problem}"
    if comparison.slow_only_in_head:
        reason = f"it looked faster, but of {_fresh(comparison)} not all are; {open_reason(comparison)}"
        return Verdict.INCONCLUSIVE, reason
    if rejected and confirms(comparison.inverted, rule):
        if rounds.cycles is not None and not confirms(compare(rounds, rule, rounds.cycles).inverted, rule):
            return Verdict.PASS, f"{passed} in seconds but not in cycles of the device's clock"
        return Verdict.FASTER, f"{_fresh(comparison)} confirm it, p = {comparison.faster_p:.2g}"
    if screen(comparison, rule) is ScreenResult.SLOWER:
        return Verdict.INCONCLUSIVE, "undecided: screening saw it faster, fresh workers slower"
    estimate = f"{comparison.ratio:.3f} [{comparison.low:.3f}, {comparison.high:.3f}]"
    return Verdict.PASS, f"{passed}, not confirmed by {_fresh(comparison)}, which saw {estimate}"


def _fresh(comparison: Comparison) -> str:
    return f"{comparison.workers} + {comparison.workers} fresh workers"
