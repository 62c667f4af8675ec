"""The order of events for benchmarks that both sides have: screen with more and more rounds, widen, confirm.

Written against `Workers`, which play rounds: processes in a live run, recorded ones in a replay, so that what the
replays say of the gate's false alarms is said of this very code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from opbench.gate.comparing import Comparison, compare
from opbench.gate.concluding import after_confirmation, passing, undecided, without_confirmation
from opbench.gate.exact import holm
from opbench.gate.hired import Broken, Hire, Kind, ShortOfMemoryError, Workers
from opbench.gate.rule import Rule, Screened, promising, screen
from opbench.gate.verdict import Judgement, Verdict
from opbench.gate.widening import HOPELESS, hopeless

if TYPE_CHECKING:
    from opbench.gate.rounds import Rounds

Observe = Callable[[Judgement], None]


@dataclass
class _Open:
    """A benchmark without a verdict yet. claim: what it is suspected of, once it is."""

    benchmark: str
    claim: Screened = Screened.OPEN
    rounds: Rounds | None = None
    found: Comparison | None = None
    screened: Comparison | None = None
    seconds: float = 0.0

    @property
    def settled(self) -> bool:
        return self.found is not None and self.found.settled

    def doubt(self) -> str:
        """Why it is open."""
        return self.rounds.problem if self.rounds and self.rounds.problem else undecided(self.found)

    def claimed(self) -> Comparison:
        """What was found, seen from the side that would be the slower one."""
        assert self.found is not None
        return self.found.turned if self.claim is Screened.FASTER else self.found


class Trial:
    """One run of the decision over a suite. `observe` is told each judgement as it falls."""

    def __init__(self, hire: Hire, rule: Rule, observe: Observe = lambda _: None) -> None:
        self._hire = hire
        self._rule = rule
        self._observe = observe
        self._judged: dict[str, Judgement] = {}
        self._suspects: list[_Open] = []

    def run(self, benchmarks: Sequence[str]) -> list[Judgement]:
        """A judgement for every benchmark, in the order given. Raises ShortOfMemoryError before the first worker."""
        if benchmarks:
            self._screen([_Open(name) for name in benchmarks])
        if self._suspects:
            self._confirm()
        return [self._judged[name] for name in benchmarks]

    def _screen(self, benchmarks: list[_Open]) -> None:
        with self._hire(self._rule.workers, "screen") as workers:
            pending = self._looked_at(benchmarks, workers, self._rule.looks, "screen")
            if pending:
                self._widen(workers, pending)

    def _looked_at(self, pending: list[_Open], workers: Workers, looks: Sequence[int], stage: str) -> list[_Open]:
        """Those that all looks leave open, or more rounds would not settle."""
        stuck: list[_Open] = []
        for look in looks:
            still = [one for one in pending if self._still_open(one, workers, look, stage)]
            stuck += [one for one in still if one.settled]
            pending = [one for one in still if not one.settled]
        return [one for one in stuck + pending if not self._passed(one)]

    def _passed(self, one: _Open) -> bool:
        """Whether it passes, and was looked at again only because it may be faster."""
        assert one.found is not None
        if one.rounds is None or one.rounds.problem or screen(one.found, self._rule) is not Screened.PASS:
            return False
        self._judge(one, Verdict.PASS, passing(one.found))
        return True

    def _widen(self, workers: Workers, pending: list[_Open]) -> None:
        """More workers, and all rounds anew: a round's median must be of the same workers."""
        pending = [one for one in pending if not self._given_up(one)]
        if not pending:
            return
        try:
            workers.widen(self._rule.widened)
        except ShortOfMemoryError as exc:
            for one in pending:
                self._judge(one, Verdict.INCONCLUSIVE, f"{one.doubt()}; no memory for more workers: {exc}")
            return
        for one in pending:
            one.rounds = None
        for one in self._looked_at(pending, workers, self._rule.looks[1:], "widen"):
            self._judge(one, Verdict.INCONCLUSIVE, one.doubt())

    def _given_up(self, one: _Open) -> bool:
        """Whether more workers could not settle it either; it is judged then."""
        assert one.rounds is not None
        assert one.found is not None
        if one.rounds.problem or not hopeless(one.rounds, one.found, self._rule):
            return False
        more = f"{self._rule.widened} + {self._rule.widened} workers would settle it in under {100 * HOPELESS:.0f} %"
        self._judge(one, Verdict.INCONCLUSIVE, f"{one.doubt()}; {more} of runs")
        return True

    def _still_open(self, one: _Open, workers: Workers, look: int, stage: str) -> bool:
        """Play up to `look` rounds and look. False once there is a judgement or a suspicion."""
        try:
            self._play(one, workers, look - (len(one.rounds) if one.rounds else 0), stage)
        except Broken as exc:
            self._judge(one, BROKEN[exc.kind], exc.reason)
            return False
        assert one.found is not None
        assert one.rounds is not None
        seen = Screened.OPEN if one.rounds.problem else screen(one.found, self._rule)
        if seen is Screened.PASS:
            if promising(one.found, self._rule):
                return True
            self._judge(one, Verdict.PASS, passing(one.found))
        if seen.suspect:
            one.claim = seen
            self._suspects.append(one)
        return seen is Screened.OPEN and one.benchmark not in self._judged

    def _play(self, one: _Open, workers: Workers, rounds: int, stage: str) -> None:
        began = monotonic()
        try:
            played = workers.play(one.benchmark, rounds, stage)
            one.rounds = one.rounds.followed_by(played) if one.rounds else played
            one.found = compare(one.rounds, self._rule)
        except ValueError as exc:
            raise Broken(one.benchmark, "invalid", str(exc)) from exc
        finally:
            one.seconds += monotonic() - began

    def _confirm(self) -> None:
        """Fresh workers in a design fixed before: as many as what was seen needs, the fewest where memory is short."""
        least = self._rule.confirming(len(self._suspects))
        wanted = max(least, *(self._rule.resolving(one.claimed()) for one in self._suspects))
        refusal: ShortOfMemoryError | None = None
        for side in range(wanted, least - 1, -1):
            try:
                with self._hire(side, "confirm") as workers:
                    self._conclude([one for one in self._suspects if self._played_anew(one, workers)])
            except ShortOfMemoryError as exc:
                refusal = exc
            else:
                return
        for one in self._suspects:
            why = f"{least} + {least} fresh workers to confirm it do not fit: {refusal}"
            self._judge(one, *without_confirmation(one.claim, why))

    def _played_anew(self, suspect: _Open, workers: Workers) -> bool:
        suspect.screened, suspect.rounds = suspect.found, None
        try:
            long = not suspect.screened.settled if suspect.screened else False
            rounds = self._rule.unsettled_rounds if long else self._rule.confirm_rounds
            self._play(suspect, workers, rounds, "confirm")
        except Broken as exc:
            suspect.found = None
            self._judge(suspect, BROKEN[exc.kind], exc.reason)
            return False
        return True

    def _conclude(self, tried: Sequence[_Open]) -> None:
        """Holm over all that were tried, slower and faster, and then each on its own."""
        falls = holm([one.claimed().p for one in tried], self._rule.level)
        for one, fallen in zip(tried, falls, strict=True):
            assert one.rounds is not None
            assert one.found is not None
            said = after_confirmation(one.claim, one.rounds, one.found, self._rule, fallen=fallen)
            if one.claim is Screened.FASTER and said[0] is Verdict.PASS:
                one.found, one.screened = one.screened, None  # a pass that rests on the screening
            self._judge(one, *said)

    def _judge(self, one: _Open, verdict: Verdict, reason: str) -> None:
        judgement = Judgement(one.benchmark, verdict, reason, one.found, one.screened, one.seconds)
        self._judged[one.benchmark] = judgement
        self._observe(judgement)


BROKEN: dict[Kind, Verdict] = {
    "crashed": Verdict.CRASHED,
    "failed": Verdict.CRASHED,
    "skipped": Verdict.SKIPPED,
    "empty": Verdict.EMPTY,
    "invalid": Verdict.INVALID,
}
