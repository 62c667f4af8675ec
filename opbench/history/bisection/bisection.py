"""One bisection: is the last commit slower at all, which is the first that is, and how much of it is its own?

Every commit is held against the good one, never against its neighbour: small steps before it then count too, and the
reference does not wander. A commit is bad where it shows more than half of the whole slowdown, good where less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from opbench.errors import UsageError
from opbench.gate.decision.verdict import GOOD, Judgement, Verdict
from opbench.gate.output.table import one_line
from opbench.gate.runs.options import GateOptions
from opbench.gate.source.unusable import UnusableRevisionError
from opbench.gate.stats.rule import Rule
from opbench.history.bisection.graph import Graph
from opbench.history.bisection.journal import Journal, Step
from opbench.history.bisection.walk import Mark, Walked, most_marks, walk
from opbench.history.confirming.gate_run import Gate
from opbench.history.confirming.question import between

TRIES = 2
"""Runs of a commit that the gate leaves open before it is skipped: a busy minute is not the commit's fault."""

SHORT = 12


class Outcome(StrEnum):
    """FOUND: one commit. AMONG: one of several, of which the others cannot be measured. NOT_SLOWER: the gate showed
    that the last commit is no slower. OPEN: the gate could not tell whether it is.
    """

    FOUND = "found"
    AMONG = "among"
    NOT_SLOWER = "not slower"
    OPEN = "open"


@dataclass(frozen=True)
class Found:
    """whole: bad against good. alone: the commit against its parent, None where that was not measured."""

    outcome: Outcome
    whole: Step
    first_bad: str = ""
    or_one_of: tuple[str, ...] = ()
    alone: Step | None = None

    @property
    def shared(self) -> bool:
        """Whether the gate did not confirm that this commit alone brings more than half of the slowdown."""
        return self.alone is not None and self.alone.mark is not Mark.BAD


@dataclass
class Bisection:
    """case: as the gate names it. options: without commits. tolerance: by which the last commit has to be slower.

    tell: hears how many runs there are going to be, and of each how it went.
    """

    case: str
    options: GateOptions
    good: str
    bad: str
    tolerance: float
    graph: Graph
    gate: Gate
    journal: Journal
    tell: Callable[[str], None]
    clock: Callable[[], float] = monotonic
    _done: int = 0
    _most: int = 0

    def __call__(self) -> Found:
        """Raises UsageError and MachineError as the gate does, for the two commits given; one between is skipped."""
        count = self.graph.count(self.good, self.bad)
        halvings = most_marks(count)
        self._most = 1 + halvings + (count > 1)
        self.tell(
            f"{count} commit{'s' * (count != 1)} may have done it: at most {self._most} runs of the gate, and one or "
            "two more for each that it cannot judge"
        )
        whole = self._measured(self.good, self.bad, self.tolerance)
        if whole.mark is not Mark.BAD:
            return Found(Outcome.NOT_SLOWER if whole.mark is Mark.GOOD else Outcome.OPEN, whole)
        assert whole.ratio is not None
        half = (whole.ratio - 1) / 2
        walked = walk(self.graph, self.good, self.bad, lambda commit: self._marked(commit, half))
        return self._concluded(walked, whole, half)

    def _concluded(self, walked: Walked, whole: Step, half: float) -> Found:
        first = walked.first_bad
        if walked.or_one_of:
            return Found(Outcome.AMONG, whole, first, walked.or_one_of)
        parent = self.graph.parent(first)
        return Found(Outcome.FOUND, whole, first, alone=self._tried(parent, first, half))

    def _marked(self, commit: str, tolerance: float) -> Mark:
        return self._tried(self.good, commit, tolerance).mark

    def _tried(self, base: str, head: str, tolerance: float) -> Step:
        """What is on record, else measured; a commit of which the gate says that it could not tell gets another try."""
        if (known := self.journal.found(base, head)) is not None:
            return known
        for last in range(1, TRIES + 1):
            try:
                step = self._run(base, head, tolerance)
            except (UnusableRevisionError, UsageError) as exc:  # both ends could be measured: it is this commit's own
                step = Step(base, head, Mark.SKIP, "", str(exc), None, None, None, tolerance, 0.0, "")
            if step.verdict != Verdict.INCONCLUSIVE or last == TRIES:
                break
            self.tell(f"{head[:SHORT]} once more: {step.reason}")
        return self._kept(step)

    def _measured(self, base: str, head: str, tolerance: float) -> Step:
        """The same of two commits without which there is nothing to bisect: what cannot be measured is refused."""
        return self.journal.found(base, head) or self._kept(self._run(base, head, tolerance))

    def _run(self, base: str, head: str, tolerance: float) -> Step:
        began = self.clock()
        run, folder = self.gate(between(self.options, base, head, tolerance), Rule(tolerance=tolerance))
        judgement = next((one for one in run.judgements if one.benchmark == self.case), None)
        if judgement is None:
            listed = ", ".join(one.benchmark for one in run.judgements) or "nothing"
            raise UsageError(f"{self.case!r} is not what was measured at {head[:SHORT]}, but {listed:.200}")
        return _step(judgement, base, head, tolerance, self.clock() - began, str(folder / "summary.md"))

    def _kept(self, step: Step) -> Step:
        self.journal.add(step)
        self._done += 1
        ratio = "" if step.ratio is None else f" {step.ratio:.3f} [{step.low:.3f}, {step.high:.3f}]"
        self.tell(
            f"[{len(self.journal.steps)} of {max(self._most, len(self.journal.steps))}] {step.head[:SHORT]} against "
            f"{step.base[:SHORT]}: {step.mark.value}{ratio}, {step.seconds:.0f} s: {step.verdict} {step.reason}"
        )
        return step


def _step(judgement: Judgement, base: str, head: str, tolerance: float, seconds: float, report: str) -> Step:
    verdict, found = judgement.verdict, judgement.comparison
    mark = Mark.BAD if verdict is Verdict.REGRESSION else Mark.GOOD if verdict in GOOD else Mark.SKIP
    ratio, low, high = (found.ratio, found.low, found.high) if found is not None else (None, None, None)
    return Step(
        base, head, mark, verdict.value, one_line(judgement.reason), ratio, low, high, tolerance, seconds, report
    )
