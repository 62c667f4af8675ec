"""Where a run's wall time went."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.vocabulary.record import Measured, Outcome


@dataclass
class Accounts:
    """Where the wall time went, in seconds; what is left over is the harness itself."""

    wall_s: float = 0.0
    ahead_s: float = 0.0
    prepare_s: float = 0.0
    warmup_s: float = 0.0
    sampling_s: float = 0.0

    def add(self, outcome: Outcome) -> None:
        if isinstance(outcome, Measured):
            self.prepare_s += outcome.prepare_s
            self.warmup_s += outcome.warmup_s
            self.sampling_s += outcome.sampling_s

    @property
    def harness_s(self) -> float:
        return max(0.0, self.wall_s - self.ahead_s - self.prepare_s - self.warmup_s - self.sampling_s)

    def __str__(self) -> str:
        share = self.harness_s / self.wall_s if self.wall_s else 0.0
        return (
            f"{self.wall_s:.1f} s = compile ahead {self.ahead_s:.1f} + prepare {self.prepare_s:.1f} + warm-up "
            f"{self.warmup_s:.1f} + samples {self.sampling_s:.1f} + harness {self.harness_s:.1f} ({share:.0%})"
        )
