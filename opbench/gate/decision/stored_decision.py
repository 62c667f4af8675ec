"""Verdicts on rounds that were measured before: those the live run would have given, and no more than they can show.

With fresh workers among them the decision is the sequential test's own, run on what is stored. Without, nobody can be
asked again: a regression is then what Holm rejects over all benchmarks compared, at the level of the rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from opbench.gate.decision.conclusion import pass_reason
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import GOOD, Judgement, Verdict
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.stats.compare import compare
from opbench.gate.stats.rank_test import holm, smallest_p

if TYPE_CHECKING:
    from opbench.gate.stats.compare import Comparison
    from opbench.gate.stats.reduce import Rounds
    from opbench.gate.stats.rule import Rule


@dataclass(frozen=True)
class StoredRounds:
    """What is stored of one benchmark: the last rounds that screened it, and those of fresh workers, or None."""

    benchmark: str
    screening: Rounds
    confirming: Rounds | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """Screening workers of base and of head."""
        of_head = int(self.screening.head.sum())
        return len(self.screening.head) - of_head, of_head


@dataclass(frozen=True)
class StoredDesign:
    """How the rounds came about.

    looks: how often their run could have stopped for what it saw; 1 where it could not.
    unit, units: what is counted.
    again: what to do for more of them, with {needed} a side.
    """

    looks: int
    unit: str
    units: str
    again: str


def decide_stored(stored: Sequence[StoredRounds], rule: Rule, design: StoredDesign) -> list[Judgement]:
    """A judgement for each, in the order given. A side may be as small as one worker."""
    judgements = [_replay(rounds, rule) for rounds in stored]
    suspects = sum(rounds.confirming is not None for rounds in stored)
    compared = sum(judgement.comparison is not None for judgement in judgements)
    # Any stopping rule among so many looks multiplies the chance of a false p by their number at most (Bonferroni).
    slower = _claims(stored, judgements, rule, design)
    faster = _claims(stored, judgements, rule, design, inverted=True)
    needed = rule.fewest_separable(compared * design.looks)
    final: list[Judgement] = []
    for rounds, judgement, *claims in zip(stored, judgements, slower, faster, strict=True):
        if rounds.confirming is not None:
            final.append(_judge_confirmed(judgement, rule, suspects))
        elif judgement.comparison is None:
            final.append(judgement)
        else:
            may_claim = not suspects and not rounds.screening.problem
            claim = [Verdict.REGRESSION, Verdict.FASTER][claims.index(True)] if may_claim and any(claims) else None
            final.append(_judge_unconfirmed(rounds, judgement, claim, rule, design, needed, compared))
    return final


def _claims(
    stored: Sequence[StoredRounds],
    judgements: Sequence[Judgement],
    rule: Rule,
    design: StoredDesign,
    *,
    inverted: bool = False,
) -> list[bool]:
    """Of which benchmarks Holm rejects, over all of them, that head is not slower by more than the tolerance.

    inverted: that it is not faster; never where some of head's workers are slow as none of base's is.
    """
    pairs = zip(stored, judgements, strict=True)
    worst = [_worst(rounds, judgement, rule, inverted=inverted) for rounds, judgement in pairs]
    rejected = holm([min(1.0, p * design.looks) for p, _ in worst], rule.level)
    claims = [reject and ratio > 1 + rule.tolerance for reject, (_, ratio) in zip(rejected, worst, strict=True)]
    if not inverted:
        return claims
    comparisons = [judgement.comparison for judgement in judgements]
    uneven = [comparison is not None and comparison.slow_only_in_head for comparison in comparisons]
    return [claim and not some_slow for claim, some_slow in zip(claims, uneven, strict=True)]


def _replay(stored: StoredRounds, rule: Rule) -> Judgement:
    """The sequential test's judgement with the stored rounds for workers."""

    @contextmanager
    def start(per_side: int, stage: str) -> Iterator[_StoredWorkers]:  # noqa: ARG001  (there are those there are)
        rounds = stored.confirming if stage == "confirm" else stored.screening
        if rounds is None:
            raise InsufficientMemoryError("none is stored")
        yield _StoredWorkers(rounds)

    per_side = min(stored.sizes)
    most = max(per_side, rule.least_confirming)
    looks = (len(stored.screening),)
    as_measured = replace(rule, looks=looks, workers=per_side, widened=per_side, most_confirming=most)
    with np.errstate(invalid="ignore"):  # one process a side has no spread: infinite, and so is what it detects
        return SequentialTest(start, as_measured).run([stored.benchmark])[0]


@dataclass(frozen=True)
class _StoredWorkers:
    rounds: Rounds

    def measure(self, benchmark: str, rounds: int, stage: str) -> Rounds:  # noqa: ARG002  (all there are)
        return self.rounds

    def widen(self, per_side: int) -> None:
        """Nobody can be added; the test then finds no further rounds to look at."""


def _worst(stored: StoredRounds, judgement: Judgement, rule: Rule, *, inverted: bool) -> tuple[float, float]:
    """p and ratio in seconds or in cycles of the device's clock, whichever shows less of a slowdown, or a speed-up."""
    if judgement.comparison is None or stored.confirming is not None:
        return 1.0, 1.0
    comparisons = [judgement.comparison]
    if stored.screening.cycles is not None:
        comparisons.append(compare(stored.screening, rule, stored.screening.cycles))
    if inverted:
        comparisons = [comparison.inverted for comparison in comparisons]
    return max(comparison.p for comparison in comparisons), min(comparison.ratio for comparison in comparisons)


def _judge_confirmed(judgement: Judgement, rule: Rule, suspects: int) -> Judgement:
    comparison = judgement.comparison
    if judgement.verdict not in {Verdict.REGRESSION, Verdict.FASTER} or comparison is None:
        return judgement
    faster = judgement.verdict is Verdict.FASTER
    if (comparison.faster_p if faster else comparison.p) * suspects <= rule.level:
        return judgement
    reason = f"{comparison.workers} + {comparison.workers} fresh workers are too few to confirm {suspects} suspects"
    if faster:
        return replace(judgement, verdict=Verdict.PASS, reason=f"{pass_reason(comparison)}; {reason}")
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=f"{reason}; run opbench gate again")


def _judge_unconfirmed(
    stored: StoredRounds,
    judgement: Judgement,
    claim: Verdict | None,
    rule: Rule,
    design: StoredDesign,
    needed: int,
    compared: int,
) -> Judgement:
    comparison, (base, head) = judgement.comparison, stored.sizes
    assert comparison is not None
    if smallest_p(base, head) * compared * design.looks > rule.level:
        judgement = replace(judgement, comparison=replace(comparison, detectable=math.inf))
    if claim is not None:
        way, p = ("faster", comparison.faster_p) if claim is Verdict.FASTER else ("slower", comparison.p)
        reason = f"{way} with p = {p:.2g} over {base} + {head} {design.units}, {compared} benchmarks compared"
        return replace(judgement, verdict=claim, reason=reason)
    if judgement.verdict in GOOD and comparison.confidence >= rule.confidence:
        return judgement
    reason = stored.screening.problem or _open_reason(comparison, stored.sizes, rule, design, needed, compared)
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _open_reason(
    comparison: Comparison, sizes: tuple[int, int], rule: Rule, design: StoredDesign, needed: int, compared: int
) -> str:
    again = design.again.format(needed=needed)
    ratio = f"ratio {comparison.ratio:.3f}"
    base, head = sizes
    if min(sizes) < needed:
        count = str(base) if base == head else f"{base} and {head}"
        unit = design.unit if base == head == 1 else design.units
        return (
            f"{ratio}, but {count} {unit} a side cannot show it, whatever the samples: "
            f"{compared} benchmarks need {needed} and {needed}; {again}"
        )
    if comparison.slower and comparison.ratio > 1 + rule.tolerance:
        return f"suspected, {ratio}, but p = {comparison.p:.2g} over {compared} benchmarks is too much; {again}"
    spread = f"{100 * comparison.spread:.1f} % between {design.units} of one side"
    why = spread if comparison.modes is None else str(comparison.modes)
    return f"undecided: {ratio} [{comparison.low:.3f}, {comparison.high:.3f}], {why}; {again}"
