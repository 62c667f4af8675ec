"""What is said of a benchmark when its rounds are played: a verdict and a sentence. Pure functions.

That head is faster is a claim like any other. What fresh workers do not confirm of it is no fault of head's: the
screening showed it to be within the tolerance, so it is a pass, with the estimate. Unless some of them are slow as none
of base's is: that is neither faster nor a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from opbench.gate.comparing import compare
from opbench.gate.exact import smallest_p
from opbench.gate.rule import Screened, confirms, screen
from opbench.gate.verdict import Verdict

if TYPE_CHECKING:
    from opbench.gate.comparing import Comparison
    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule

    Said: TypeAlias = tuple[Verdict, str]


def passing(found: Comparison) -> str:
    """Why it passes. What lies within the tolerance is not confirmed by anybody, so nothing is claimed of it."""
    if found.slower or found.faster:
        return f"surely within the tolerance; it looks {'slower' if found.slower else 'faster'} by less than that"
    return "surely within the tolerance"


def undecided(found: Comparison | None) -> str:
    if found is None:
        return "nothing was measured"
    if found.modes is not None:
        return f"undecided: {found.modes}"
    return f"undecided: {100 * found.spread:.1f} % between workers of one side"


def after_confirmation(claim: Screened, rounds: Rounds, found: Comparison, rule: Rule, *, fallen: bool) -> Said:
    """The verdict on what screening suspected. found: of the fresh workers' rounds. fallen: whether Holm lets it."""
    if claim is Screened.FASTER:
        return _of_faster(rounds, found, rule, fallen=fallen)
    return _of_slower(rounds, found, rule, fallen=fallen)


def without_confirmation(claim: Screened, why: str) -> Said:
    """why: fresh workers could not be had."""
    if claim is Screened.FASTER:
        return Verdict.PASS, f"surely within the tolerance; it looks faster, but {why}"
    return Verdict.INCONCLUSIVE, f"suspected, but {why}"


def _of_slower(rounds: Rounds, found: Comparison, rule: Rule, *, fallen: bool) -> Said:
    if rounds.problem:
        return Verdict.INCONCLUSIVE, f"suspected, not confirmed: {rounds.problem}"
    if fallen and confirms(found, rule):
        if rounds.cycles is not None and not confirms(compare(rounds, rule, rounds.cycles), rule):
            return Verdict.INCONCLUSIVE, "slower in seconds but not in cycles of the device's clock"
        return Verdict.REGRESSION, f"{_fresh(found)} confirm it, p = {found.p:.2g}"
    if smallest_p(found.workers, found.workers) > rule.strict:
        return Verdict.INCONCLUSIVE, f"suspected, but {_fresh(found)} are too few to confirm anything"
    if screen(found, rule) in {Screened.PASS, Screened.FASTER}:
        return Verdict.PASS, f"suspected, not confirmed by fresh workers; {passing(found)}"
    return Verdict.INCONCLUSIVE, f"suspected, not confirmed by fresh workers; {undecided(found)}"


def _of_faster(rounds: Rounds, found: Comparison, rule: Rule, *, fallen: bool) -> Said:
    surely = "surely within the tolerance; it looked faster"
    if rounds.problem:
        return Verdict.PASS, f"{surely}, not confirmed: {rounds.problem}"
    if found.slow_in_head_alone:
        return Verdict.INCONCLUSIVE, f"it looked faster, but of {_fresh(found)} not all are; {undecided(found)}"
    if fallen and confirms(found.turned, rule):
        if rounds.cycles is not None and not confirms(compare(rounds, rule, rounds.cycles).turned, rule):
            return Verdict.PASS, f"{surely} in seconds but not in cycles of the device's clock"
        return Verdict.FASTER, f"{_fresh(found)} confirm it, p = {found.faster_p:.2g}"
    if screen(found, rule) is Screened.SLOWER:
        return Verdict.INCONCLUSIVE, "undecided: screening saw it faster, fresh workers slower"
    saw = f"{found.ratio:.3f} [{found.low:.3f}, {found.high:.3f}]"
    return Verdict.PASS, f"{surely}, not confirmed by {_fresh(found)}, which saw {saw}"


def _fresh(found: Comparison) -> str:
    return f"{found.workers} + {found.workers} fresh workers"
