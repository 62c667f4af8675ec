"""Exponents and crossings of latencies that are written down."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from impls.attention import crossing as command
from impls.attention.growth import Medians, crossing, exponent

TOKENS = (64, 128, 256, 512, 1024)


def power(scale: float, degree: float, spread: float = 0.0, seed: int = 0) -> dict[int, Medians]:
    """scale * tokens^degree, drawn anew 200 times with this spread."""
    random = np.random.default_rng(seed)
    return {
        tokens: scale * tokens**degree * np.exp(np.concatenate([[0.0], spread * random.standard_normal(200)]))
        for tokens in TOKENS
    }


@pytest.mark.parametrize("degree", [0.5, 1.0, 2.0])
def test_a_power_has_its_exponent(degree: float) -> None:
    found = exponent(power(1e-6, degree), 64)
    assert found is not None
    assert (found.low, found.mid, found.high) == pytest.approx((degree, degree, degree))


def test_a_curve_that_is_no_power_has_a_wide_interval() -> None:
    bent = {tokens: power(1e-6, 1)[tokens] + power(1e-9, 2)[tokens] * 3 for tokens in TOKENS}
    found = exponent(bent, 64)
    assert found is not None
    assert 1 < found.low < found.mid - 0.1 < found.mid + 0.1 < found.high < 2


def test_two_points_have_no_exponent() -> None:
    assert exponent(power(1e-6, 1), 512) is None


def test_a_line_and_a_parabola_cross_where_they_are_equal() -> None:
    found = crossing(power(1e-9, 2, 0.05), power(3e-7, 1, 0.05, seed=1))
    assert found.mid == pytest.approx(300)
    assert 256 < found.low < 300 < found.high < 400


def test_who_is_always_quicker_crosses_at_none_and_who_never_is_at_infinity() -> None:
    fast, slow = power(1e-9, 1), power(1e-6, 1)
    assert crossing(slow, fast).high == 0
    assert math.isinf(crossing(fast, slow).low)
    with pytest.raises(ValueError, match="no tokens in common"):
        crossing({1: slow[64]}, fast)


def test_a_later_loss_moves_the_crossing_behind_it() -> None:
    slow, quick = power(1e-9, 2), power(3e-7, 1)
    quick[512] = 2 * slow[512]
    assert 512 < crossing(slow, quick).mid < 1024


def test_a_run_without_both_operators_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "attention" / "run"
    run.mkdir(parents=True)
    (run / "records.jsonl").touch()
    assert command.main([str(run)]) == 2
    assert capsys.readouterr().err == (
        "crossing: the run has no latency of self_attention or poly_sa; run `opbench sweep attention` first\n"
    )
