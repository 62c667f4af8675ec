"""The order of events for benchmarks that both sides have: screen with more and more rounds, widen, confirm.

Written against `Workers`: processes in a live run, recorded ones in a replay, so that what the replays show of the
gate's false alarms holds for this very code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from opbench.gate.decision.candidate import Candidate
from opbench.gate.decision.conclusion import conclude, conclude_unconfirmed, pass_reason
from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.decision.screening import ScreenResult, may_be_faster, passes_early, screen, workers_to_confirm
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.decision.workers import InsufficientMemoryError, StartWorkers, Workers
from opbench.gate.samples import SETUP_ROUNDS
from opbench.gate.stats.compare import compare
from opbench.gate.stats.futility import FUTILE, is_futile
from opbench.gate.stats.rank_test import holm
from opbench.gate.stats.rule import Rule

OnJudgement = Callable[[Judgement], None]


class SequentialTest:
    """One run of the decision over a suite. on_judgement: given each judgement as it falls."""

    def __init__(self, start: StartWorkers, rule: Rule, on_judgement: OnJudgement = lambda _: None) -> None:
        self._start = start
        self._rule = rule
        self._on_judgement = on_judgement
        self._judgements: dict[str, Judgement] = {}
        self._suspects: list[Candidate] = []

    def run(self, benchmarks: Sequence[str]) -> list[Judgement]:
        """A judgement for every benchmark, in the order given.

        Raises InsufficientMemoryError before the first worker.
        """
        if benchmarks:
            self._screen([Candidate(name) for name in benchmarks])
        if self._suspects:
            self._confirm()
        return [self._judgements[name] for name in benchmarks]

    def _screen(self, candidates: list[Candidate]) -> None:
        with self._start(self._rule.workers, "screen") as workers:
            undecided = self._look(candidates, workers, self._rule.looks, "screen")
            if undecided:
                self._widen(workers, undecided)

    def _look(self, candidates: list[Candidate], workers: Workers, looks: Sequence[int], stage: str) -> list[Candidate]:
        """Those that all looks leave open, or more rounds would not settle."""
        settled: list[Candidate] = []
        for look in looks:
            undecided = [candidate for candidate in candidates if self._stays_open(candidate, workers, look, stage)]
            settled += [candidate for candidate in undecided if candidate.settled]
            candidates = [candidate for candidate in undecided if not candidate.settled]
        return [candidate for candidate in settled + candidates if not self._passes_after_all(candidate)]

    def _passes_after_all(self, candidate: Candidate) -> bool:
        """Whether it passes, and was looked at again only because it may be faster."""
        rounds, comparison = candidate.rounds, candidate.comparison
        assert comparison is not None
        if rounds is None or rounds.problem or screen(comparison, self._rule) is not ScreenResult.PASS:
            return False
        self._judge(candidate, Verdict.PASS, pass_reason(comparison))
        return True

    def _widen(self, workers: Workers, undecided: list[Candidate]) -> None:
        """More workers, and all rounds anew: a round's median must be of the same workers."""
        undecided = [candidate for candidate in undecided if not self._given_up(candidate)]
        if not undecided:
            return
        try:
            workers.widen(self._rule.widened)
        except InsufficientMemoryError as exc:
            for candidate in undecided:
                reason = f"{candidate.open_reason}; no memory for more workers: {exc}"
                self._judge(candidate, Verdict.INCONCLUSIVE, reason)
            return
        for candidate in undecided:
            candidate.rounds = None
        for candidate in self._look(undecided, workers, self._rule.looks[1:], "widen"):
            self._judge(candidate, Verdict.INCONCLUSIVE, candidate.open_reason)

    def _given_up(self, candidate: Candidate) -> bool:
        """Whether more workers could not settle it either; it is judged then."""
        assert candidate.rounds is not None
        assert candidate.comparison is not None
        if candidate.rounds.problem or not is_futile(candidate.rounds, candidate.comparison, self._rule):
            return False
        more = f"{self._rule.widened} + {self._rule.widened} workers would settle it in under {100 * FUTILE:.0f} %"
        self._judge(candidate, Verdict.INCONCLUSIVE, f"{candidate.open_reason}; {more} of runs")
        return True

    def _stays_open(self, candidate: Candidate, workers: Workers, look: int, stage: str) -> bool:
        """Measure up to `look` rounds and look. False once there is a judgement or a suspicion."""
        try:
            self._measure_up_to(look, candidate, workers, stage)
        except BenchmarkFailure as exc:
            self._judge(candidate, exc.verdict, exc.reason)
            return False
        assert candidate.comparison is not None
        assert candidate.rounds is not None
        result = ScreenResult.OPEN if candidate.rounds.problem else screen(candidate.comparison, self._rule)
        if result is ScreenResult.PASS:
            if may_be_faster(candidate.comparison, self._rule):
                return True
            self._judge(candidate, Verdict.PASS, pass_reason(candidate.comparison))
        if result.suspect:
            candidate.claim = result
            self._suspects.append(candidate)
        return result is ScreenResult.OPEN

    def _measure_up_to(self, look: int, candidate: Candidate, workers: Workers, stage: str) -> None:
        """So many rounds in all, or fewer: each set-up on the way there may do."""
        for rounds in (*range(SETUP_ROUNDS, look, SETUP_ROUNDS), look):
            missing = rounds - (len(candidate.rounds) if candidate.rounds else 0)
            if missing > 0:
                self._measure(candidate, workers, missing, stage)
            assert candidate.comparison is not None
            assert candidate.rounds is not None
            if not candidate.rounds.problem and passes_early(candidate.comparison, self._rule):
                return

    def _measure(self, candidate: Candidate, workers: Workers, rounds: int, stage: str) -> None:
        start_s = monotonic()
        try:
            measured = workers.measure(candidate.benchmark, rounds, stage)
            candidate.rounds = candidate.rounds.extended_by(measured) if candidate.rounds else measured
            candidate.comparison = compare(candidate.rounds, self._rule)
        except ValueError as exc:
            raise BenchmarkFailure(candidate.benchmark, "invalid", str(exc)) from exc
        finally:
            candidate.seconds += monotonic() - start_s

    def _confirm(self) -> None:
        """Fresh workers in a design fixed before: as many as what was seen needs, the fewest where memory is short."""
        fewest = self._rule.fewest_confirming(len(self._suspects))
        wanted = max(fewest, *(workers_to_confirm(suspect.claimed, self._rule) for suspect in self._suspects))
        refusal: InsufficientMemoryError | None = None
        for per_side in range(wanted, fewest - 1, -1):
            try:
                with self._start(per_side, "confirm") as workers:
                    self._conclude([suspect for suspect in self._suspects if self._measure_anew(suspect, workers)])
            except InsufficientMemoryError as exc:
                refusal = exc
            else:
                return
        for suspect in self._suspects:
            reason = f"{fewest} + {fewest} fresh workers to confirm it do not fit: {refusal}"
            self._judge(suspect, *conclude_unconfirmed(suspect.claim, reason))

    def _measure_anew(self, suspect: Candidate, workers: Workers) -> bool:
        suspect.screening, suspect.rounds = suspect.comparison, None
        unsettled = suspect.screening is not None and not suspect.screening.settled
        rounds = self._rule.unsettled_rounds if unsettled else self._rule.confirm_rounds
        try:
            self._measure(suspect, workers, rounds, "confirm")
        except BenchmarkFailure as exc:
            suspect.comparison = None
            self._judge(suspect, exc.verdict, exc.reason)
            return False
        return True

    def _conclude(self, suspects: Sequence[Candidate]) -> None:
        """Holm over all that were measured anew, slower and faster, and then each on its own."""
        rejections = holm([suspect.claimed.p for suspect in suspects], self._rule.level)
        for suspect, rejected in zip(suspects, rejections, strict=True):
            assert suspect.rounds is not None
            assert suspect.comparison is not None
            verdict, reason = conclude(suspect.claim, suspect.rounds, suspect.comparison, self._rule, rejected=rejected)
            if suspect.claim is ScreenResult.FASTER and verdict is Verdict.PASS:
                suspect.comparison, suspect.screening = suspect.screening, None  # a pass that rests on the screening
            self._judge(suspect, verdict, reason)

    def _judge(self, candidate: Candidate, verdict: Verdict, reason: str) -> None:
        judgement = Judgement(
            candidate.benchmark, verdict, reason, candidate.comparison, candidate.screening, candidate.seconds
        )
        self._judgements[candidate.benchmark] = judgement
        self._on_judgement(judgement)
