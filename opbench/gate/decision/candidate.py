"""A benchmark on its way to a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.gate.decision.conclusion import open_reason
from opbench.gate.decision.screening import ScreenResult
from opbench.gate.stats.compare import Comparison
from opbench.gate.stats.reduce import Rounds


@dataclass
class Candidate:
    """What is known of a benchmark without a verdict yet.

    claim: what it is suspected of, once it is.
    comparison: of `rounds`. screening: the comparison that made it a suspect.
    """

    benchmark: str
    claim: ScreenResult = ScreenResult.OPEN
    rounds: Rounds | None = None
    comparison: Comparison | None = None
    screening: Comparison | None = None
    seconds: float = 0.0

    @property
    def settled(self) -> bool:
        return self.comparison is not None and self.comparison.settled

    @property
    def open_reason(self) -> str:
        return self.rounds.problem if self.rounds and self.rounds.problem else open_reason(self.comparison)

    @property
    def claimed(self) -> Comparison:
        """The comparison, seen from the side that would be the slower one."""
        assert self.comparison is not None
        return self.comparison.inverted if self.claim is ScreenResult.FASTER else self.comparison
