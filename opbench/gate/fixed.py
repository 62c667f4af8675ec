"""Verdicts on rounds that are already played: those the live run would have given, and no more than they can show.

With fresh workers among them the decision is `Trial`'s own, run on what is stored. Without, nobody can be asked again:
a regression is then what Holm lets stand over all benchmarks compared, at the level of the rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.comparing import compare
from opbench.gate.concluding import passing
from opbench.gate.exact import dropped_pairs, holm, smallest_p
from opbench.gate.hired import ShortOfMemoryError
from opbench.gate.trial import Trial
from opbench.gate.verdict import GOOD, Judgement, Verdict

if TYPE_CHECKING:
    from opbench.gate.comparing import Comparison
    from opbench.gate.rounds import Rounds
    from opbench.gate.rule import Rule


@dataclass(frozen=True)
class Played:
    """What is stored of one benchmark: the last rounds that screened it, and those of fresh workers, or None."""

    benchmark: str
    screening: Rounds
    confirming: Rounds | None = None


@dataclass(frozen=True)
class Design:
    """How the rounds came about. looks: how often their run could have stopped for what it saw; 1 where it could not.

    unit, units: what is counted. again: what to do for more of them, with {needed} a side.
    """

    looks: int
    unit: str
    units: str
    again: str


def decide(played: Sequence[Played], rule: Rule, design: Design) -> list[Judgement]:
    """A judgement for each, in the order given. A side may be as small as one worker."""
    first = [_tried(one, rule) for one in played]
    suspects = sum(one.confirming is not None for one in played)
    compared = [one.found for one in first if one.found is not None]
    # Any stopping rule among so many looks multiplies the chance of a false p by their number at most (Bonferroni).
    slower = _claims(played, first, rule, design)
    faster = _claims(played, first, rule, design, turned=True)
    needed = needed_a_side(len(compared) * design.looks, rule)
    judged: list[Judgement] = []
    for one, judgement, *claims in zip(played, first, slower, faster, strict=True):
        if one.confirming is not None:
            judged.append(_of_confirmed(judgement, rule, suspects))
        elif judgement.found is None:
            judged.append(judgement)
        else:
            alone = not suspects and not one.screening.problem
            claim = [Verdict.REGRESSION, Verdict.FASTER][claims.index(True)] if alone and any(claims) else None
            judged.append(_unconfirmed(one, judgement, claim, rule, design, needed, len(compared)))
    return judged


def _claims(
    played: Sequence[Played], first: Sequence[Judgement], rule: Rule, design: Design, *, turned: bool = False
) -> list[bool]:
    """Of which benchmarks it stands, Holm over all of them, that head is slower by more than the tolerance.

    turned: that it is faster, and none of head's workers is slow as none of base's is.
    """
    worst = [_worst(one, judgement, rule, turned=turned) for one, judgement in zip(played, first, strict=True)]
    fallen = holm([min(1.0, p * design.looks) for p, _ in worst], rule.level)
    stands = [falls and ratio > 1 + rule.tolerance for falls, (_, ratio) in zip(fallen, worst, strict=True)]
    if not turned:
        return stands
    uneven = [judgement.found is not None and judgement.found.slow_in_head_alone for judgement in first]
    return [stand and not some_slow for stand, some_slow in zip(stands, uneven, strict=True)]


def needed_a_side(tests: int, rule: Rule) -> int:
    """The fewest processes a side of which complete separation falls among so many tests, and 99 % can be attained."""
    side = 1
    while (
        smallest_p(side, side) * tests > rule.level or dropped_pairs(side, side, rule.confidence)[1] < rule.confidence
    ):
        side += 1
    return side


def _tried(one: Played, rule: Rule) -> Judgement:
    """Trial's judgement with the stored rounds for workers."""

    @contextmanager
    def hire(per_side: int, stage: str) -> Iterator[_StoredWorkers]:  # noqa: ARG001  (there are those there are)
        rounds = one.confirming if stage == "confirm" else one.screening
        if rounds is None:
            raise ShortOfMemoryError("none is stored")
        yield _StoredWorkers(rounds)

    side = int(min(one.screening.head.sum(), (~one.screening.head).sum()))
    most = max(side, rule.least_confirming)
    as_played = replace(rule, looks=(len(one.screening),), workers=side, widened=side, most_confirming=most)
    with np.errstate(invalid="ignore"):  # one process a side has no spread: infinite, and so is what it detects
        return Trial(hire, as_played).run([one.benchmark])[0]


@dataclass(frozen=True)
class _StoredWorkers:
    rounds: Rounds

    def play(self, benchmark: str, rounds: int, stage: str) -> Rounds:  # noqa: ARG002  (all there are)
        return self.rounds

    def widen(self, per_side: int) -> None:
        """Nobody can be added; Trial then finds no further rounds to look at."""


def _worst(one: Played, judgement: Judgement, rule: Rule, *, turned: bool) -> tuple[float, float]:
    """p and ratio in seconds or in cycles of the device's clock, whichever shows less of a slowdown, or a speed-up."""
    if judgement.found is None or one.confirming is not None:
        return 1.0, 1.0
    found = [judgement.found]
    if one.screening.cycles is not None:
        found.append(compare(one.screening, rule, one.screening.cycles))
    seen = [each.turned if turned else each for each in found]
    return max(each.p for each in seen), min(each.ratio for each in seen)


def _of_confirmed(judgement: Judgement, rule: Rule, suspects: int) -> Judgement:
    found = judgement.found
    if judgement.verdict not in {Verdict.REGRESSION, Verdict.FASTER} or found is None:
        return judgement
    faster = judgement.verdict is Verdict.FASTER
    if (found.faster_p if faster else found.p) * suspects <= rule.level:
        return judgement
    reason = f"{found.workers} + {found.workers} fresh workers are too few to confirm {suspects} suspects"
    if faster:
        return replace(judgement, verdict=Verdict.PASS, reason=f"{passing(found)}; {reason}")
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=f"{reason}; run opbench gate again")


def _unconfirmed(
    one: Played, judgement: Judgement, claim: Verdict | None, rule: Rule, design: Design, needed: int, compared: int
) -> Judgement:
    found = judgement.found
    assert found is not None
    many = len(one.screening.head) - int(one.screening.head.sum()), int(one.screening.head.sum())
    if smallest_p(*many) * compared * design.looks > rule.level:
        judgement = replace(judgement, found=replace(found, detectable=math.inf))
    if claim is not None:
        what, p = ("faster", found.faster_p) if claim is Verdict.FASTER else ("slower", found.p)
        reason = f"{what} with p = {p:.2g} over {many[0]} + {many[1]} {design.units}, {compared} benchmarks compared"
        return replace(judgement, verdict=claim, reason=reason)
    if judgement.verdict in GOOD and found.confidence >= rule.confidence:
        return judgement
    reason = one.screening.problem or _undecided(found, many, rule, design, needed, compared)
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _undecided(found: Comparison, many: tuple[int, int], rule: Rule, design: Design, needed: int, compared: int) -> str:
    again = design.again.format(needed=needed)
    if min(many) < needed:
        count = f"{many[0]} and {many[1]} {design.units}"
        if many[0] == many[1]:
            count = f"{many[0]} {design.unit if many[0] == 1 else design.units}"
        return (
            f"ratio {found.ratio:.3f}, but {count} a side cannot show it, whatever the samples: "
            f"{compared} benchmarks need {needed} and {needed}; {again}"
        )
    why = f"{100 * found.spread:.1f} % between {design.units} of one side" if found.modes is None else str(found.modes)
    if found.slower and found.ratio > 1 + rule.tolerance:
        return (
            f"suspected, ratio {found.ratio:.3f}, but p = {found.p:.2g} over {compared} benchmarks is too much; {again}"
        )
    return f"undecided: ratio {found.ratio:.3f} [{found.low:.3f}, {found.high:.3f}], {why}; {again}"
