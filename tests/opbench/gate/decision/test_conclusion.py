"""What fresh workers whose rounds cannot be vouched for conclude: nothing, and never that head is slower."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.gate.decision.conclusion import conclude, open_reason
from opbench.gate.decision.screening import ScreenResult
from opbench.gate.decision.verdict import Verdict
from opbench.gate.stats.compare import compare
from opbench.gate.stats.rule import DEFAULT

from ..scripted_workers import steady


@pytest.mark.parametrize(
    ("claim", "ratio", "expected"),
    [
        (ScreenResult.SLOWER, 1.5, (Verdict.INCONCLUSIVE, "suspected, not confirmed: the device was throttled")),
        (
            ScreenResult.FASTER,
            0.5,
            (
                Verdict.PASS,
                "surely within the tolerance; it looked faster, not confirmed: the device was throttled",
            ),
        ),
    ],
)
def test_throttled_rounds_confirm_no_claim(claim: ScreenResult, ratio: float, expected: tuple[Verdict, str]) -> None:
    rounds = steady(ratio)("confirm", 4, 12)
    throttled = replace(rounds, problem="the device was throttled")
    assert conclude(claim, throttled, compare(rounds, DEFAULT), DEFAULT, rejected=True) == expected


def test_nothing_measured_is_said_so() -> None:
    assert open_reason(None) == "nothing was measured"
