"""By how much the gate is asked to tell old and new code apart, where nobody says."""

from __future__ import annotations

import pytest

from opbench.history.confirming.question import tolerance_for


@pytest.mark.parametrize(
    ("ratio", "tolerance"),
    [
        (1.05, 0.025),
        (1 / 1.05, 0.025),
        (1.02, 0.01),
        (1.06, 0.03),
        (1.5, 0.03),
        (0.5, 0.03),
        (1.001, 0.005),
        (1.0, 0.005),
    ],
)
def test_half_of_what_is_claimed_within_what_the_gate_can_tell(ratio: float, tolerance: float) -> None:
    assert tolerance_for(ratio) == pytest.approx(tolerance)
