"""Why a benchmark could not be measured, and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from opbench.gate.decision.verdict import Verdict

Kind = Literal["crashed", "failed", "skipped", "empty", "invalid"]

KINDS: dict[str, Kind] = {
    "failed": "failed",
    "error": "failed",
    "skipped": "skipped",
    "passed": "empty",
    "invalid": "invalid",
}
"""By the outcome of a test that finished before it was told to."""

VERDICTS: dict[Kind, Verdict] = {
    "crashed": Verdict.CRASHED,
    "failed": Verdict.CRASHED,
    "skipped": Verdict.SKIPPED,
    "empty": Verdict.EMPTY,
    "invalid": Verdict.INVALID,
}

EMPTY = "the test passed without having called benchmark(...)"


@dataclass(eq=False)  # not frozen: an exception is given its traceback when it passes a context manager
class BenchmarkFailure(Exception):  # noqa: N818  (it is what happened, not a mistake of the caller)
    """A benchmark could not be measured: which way, and why in a sentence."""

    benchmark: str
    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"{self.benchmark} {self.kind}: {self.reason}"

    @property
    def verdict(self) -> Verdict:
        return VERDICTS[self.kind]

    @classmethod
    def of_outcome(cls, benchmark: str, outcome: Mapping[str, str], worker: object = "") -> Self:
        """Of a test that finished too early. worker: put before the reason."""
        return cls(benchmark, KINDS[outcome["outcome"]], _prefixed(worker, outcome["message"] or EMPTY))

    @classmethod
    def of_crash(cls, benchmark: str, reason: Exception, worker: object = "") -> Self:
        """Of a worker that gave no answer. worker: put before the reason."""
        return cls(benchmark, "crashed", _prefixed(worker, str(reason)))


def _prefixed(worker: object, reason: str) -> str:
    return f"{worker}: {reason}" if worker else reason
