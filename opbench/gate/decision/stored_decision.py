"""Verdicts on rounds that were measured before: those the live run would have given, and no more than they can show.

With fresh workers among them the decision is the sequential test's own, run on what is stored. Without, nobody can be
asked again: a regression is then what Holm rejects over all benchmarks compared, at the level of the rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from opbench.gate.decision.conclusion import pass_reason
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import GOOD, Judgement, Verdict
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.stats.compare import Comparison, compare
from opbench.gate.stats.rank_test import holm, smallest_p
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
    return _StoredDecision(stored, rule, design).judgements()


class _StoredDecision:
    """suspects: of which there are fresh workers. tests: benchmarks compared, times the looks at each."""

    def __init__(self, stored: Sequence[StoredRounds], rule: Rule, design: StoredDesign) -> None:
        self._rule, self._design = rule, design
        self._replayed = [(rounds, _replay(rounds, rule)) for rounds in stored]
        self._suspects = sum(rounds.confirming is not None for rounds in stored)
        self._compared = sum(judgement.comparison is not None for _, judgement in self._replayed)
        # Any stopping rule among so many looks multiplies the chance of a false p by their number at most (Bonferroni).
        self._tests = self._compared * design.looks

    def judgements(self) -> list[Judgement]:
        slower, faster = self._claims(inverted=False), self._claims(inverted=True)
        final: list[Judgement] = []
        for (rounds, judgement), is_slower, is_faster in zip(self._replayed, slower, faster, strict=True):
            if rounds.confirming is not None:
                final.append(self._judge_confirmed(judgement))
            elif judgement.comparison is None:
                final.append(judgement)
            else:
                claim = Verdict.REGRESSION if is_slower else Verdict.FASTER if is_faster else None
                may_claim = not self._suspects and not rounds.screening.problem
                final.append(self._judge_unconfirmed(rounds, judgement, claim if may_claim else None))
        return final

    def _claims(self, *, inverted: bool) -> list[bool]:
        """Of which benchmarks Holm rejects, over all of them, that head is not slower by more than the tolerance.

        inverted: that it is not faster; never where some of head's workers are slow as none of base's is.
        """
        worst = [self._worst(rounds, judgement, inverted=inverted) for rounds, judgement in self._replayed]
        rejected = holm([min(1.0, p * self._design.looks) for p, _ in worst], self._rule.level)
        claims = [
            reject and ratio > 1 + self._rule.tolerance for reject, (_, ratio) in zip(rejected, worst, strict=True)
        ]
        if not inverted:
            return claims
        comparisons = [judgement.comparison for _, judgement in self._replayed]
        uneven = [comparison is not None and comparison.slow_only_in_head for comparison in comparisons]
        return [claim and not some_slow for claim, some_slow in zip(claims, uneven, strict=True)]

    def _worst(self, stored: StoredRounds, judgement: Judgement, *, inverted: bool) -> tuple[float, float]:
        """p and ratio in seconds or in cycles of the device's clock, whichever shows less of a change."""
        if judgement.comparison is None or stored.confirming is not None:
            return 1.0, 1.0
        comparisons = [judgement.comparison]
        if stored.screening.cycles is not None:
            comparisons.append(compare(stored.screening, self._rule, stored.screening.cycles))
        if inverted:
            comparisons = [comparison.inverted for comparison in comparisons]
        return max(comparison.p for comparison in comparisons), min(comparison.ratio for comparison in comparisons)

    def _judge_confirmed(self, judgement: Judgement) -> Judgement:
        comparison, faster = judgement.comparison, judgement.verdict is Verdict.FASTER
        if not (faster or judgement.verdict is Verdict.REGRESSION) or comparison is None:
            return judgement
        if (comparison.faster_p if faster else comparison.p) * self._suspects <= self._rule.level:
            return judgement
        workers = f"{comparison.workers} + {comparison.workers} fresh workers"
        reason = f"{workers} are too few to confirm {self._suspects} suspects"
        if faster:
            return replace(judgement, verdict=Verdict.PASS, reason=f"{pass_reason(comparison)}; {reason}")
        return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=f"{reason}; run opbench gate again")

    def _judge_unconfirmed(self, stored: StoredRounds, judgement: Judgement, claim: Verdict | None) -> Judgement:
        comparison, (base, head) = judgement.comparison, stored.sizes
        assert comparison is not None
        if smallest_p(base, head) * self._tests > self._rule.level:
            judgement = replace(judgement, comparison=replace(comparison, detectable=math.inf))
        if claim is not None:
            way, p = ("faster", comparison.faster_p) if claim is Verdict.FASTER else ("slower", comparison.p)
            processes = f"{base} + {head} {self._design.units}"
            reason = f"{way} with p = {p:.2g} over {processes}, {self._compared} benchmarks compared"
            return replace(judgement, verdict=claim, reason=reason)
        if judgement.verdict in GOOD and comparison.confidence >= self._rule.confidence:
            return judgement
        reason = stored.screening.problem or self._open_reason(comparison, base, head)
        return replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)

    def _open_reason(self, comparison: Comparison, base: int, head: int) -> str:
        needed, units = self._rule.fewest_separable(self._tests), self._design.units
        again, ratio = self._design.again.format(needed=needed), f"ratio {comparison.ratio:.3f}"
        if min(base, head) < needed:
            count = f"{base} and {head}" if base != head else str(base)
            unit = self._design.unit if base == head == 1 else units
            return (
                f"{ratio}, but {count} {unit} a side cannot show it, whatever the samples: "
                f"{self._compared} benchmarks need {needed} and {needed}; {again}"
            )
        if comparison.slower and comparison.ratio > 1 + self._rule.tolerance:
            return (
                f"suspected, {ratio}, but p = {comparison.p:.2g} over {self._compared} benchmarks is too much; {again}"
            )
        why = str(comparison.modes or f"{100 * comparison.spread:.1f} % between {units} of one side")
        return f"undecided: {ratio} [{comparison.low:.3f}, {comparison.high:.3f}], {why}; {again}"


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
