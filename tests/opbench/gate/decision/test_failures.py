"""Why a benchmark could not be measured: each way has a verdict of its own, and none is a pass."""

from __future__ import annotations

import pytest

from opbench.gate.decision.failures import EMPTY, BenchmarkFailure
from opbench.gate.decision.verdict import Verdict


@pytest.mark.parametrize(
    ("outcome", "kind", "verdict"),
    [
        ("failed", "failed", Verdict.CRASHED),
        ("error", "failed", Verdict.CRASHED),
        ("skipped", "skipped", Verdict.SKIPPED),
        ("passed", "empty", Verdict.EMPTY),
        ("invalid", "invalid", Verdict.INVALID),
    ],
)
def test_a_test_that_ended_too_early_is_told_by_how_it_ended(outcome: str, kind: str, verdict: Verdict) -> None:
    for worker, before in (("", ""), ("head 3", "head 3: ")):
        found = BenchmarkFailure.of_outcome("it", {"outcome": outcome, "message": "why"}, worker)
        assert (found.benchmark, found.kind, found.verdict) == ("it", kind, verdict)
        assert found.reason == f"{before}why"
        assert str(found) == f"it {kind}: {before}why"


def test_one_that_passed_without_a_word_never_called_its_benchmark() -> None:
    found = BenchmarkFailure.of_outcome("it", {"outcome": "passed", "message": ""}, "base 1")
    assert (found.verdict, found.reason) == (Verdict.EMPTY, f"base 1: {EMPTY}")


def test_a_worker_that_gave_no_answer_crashed() -> None:
    for worker, reason in (("", "killed by signal 11"), ("head 3", "head 3: killed by signal 11")):
        found = BenchmarkFailure.of_crash("it", RuntimeError("killed by signal 11"), worker)
        assert (found.kind, found.verdict, found.reason) == ("crashed", Verdict.CRASHED, reason)
