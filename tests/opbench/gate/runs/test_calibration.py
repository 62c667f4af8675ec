"""What a calibration says of a recording whose noise is known."""

from __future__ import annotations

import numpy as np
import pytest

from opbench.gate.files.recording import Recording
from opbench.gate.runs.calibration import replay_gate, upper_bound, workers_needed
from opbench.gate.stats.rule import DEFAULT


def recording(spread: float, name: str = "it") -> Recording:
    random = np.random.default_rng(7)
    workers = 2 * workers_needed(DEFAULT)
    logs = np.log(1e-3) + random.normal(scale=spread, size=workers) + random.normal(scale=0.2, size=(24, 1))
    return Recording(name, logs, np.zeros(workers, dtype=bool), np.zeros((24, workers, 0)), {"slice_s": 0.01})


def test_same_code_with_little_noise_raises_no_alarm_and_needs_the_first_look_only() -> None:
    steps: list[int] = []
    calibration = replay_gate([recording(0.002), recording(0.003, "other")], DEFAULT, 30, 0, lambda: steps.append(1))
    assert (calibration.suites, calibration.alarms, calibration.inconclusive, len(steps)) == (30, 0, 0, 30)
    assert [line.benchmark for line in calibration.lines] == ["it", "other"]
    assert calibration.lines[0].slices == 2 * 2 * DEFAULT.workers
    assert calibration.lines[0].seconds == pytest.approx(0.01 * calibration.lines[0].slices)
    assert calibration.lines[0].call_s == pytest.approx(1e-3, rel=0.5)
    assert 0.03 < calibration.lines[0].detectable < 0.035


def test_much_noise_is_inconclusive_never_an_alarm_for_free() -> None:
    calibration = replay_gate([recording(0.05)], DEFAULT, 30, 0, lambda: None)
    assert calibration.inconclusive > 20
    assert calibration.lines[0].detectable > 0.06
    assert calibration.lines[0].slices > 30


def test_the_bound_is_exact() -> None:
    assert upper_bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert upper_bound(5, 5) == 1.0
