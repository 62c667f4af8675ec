"""Two wall clocks: one times calls as they come, one leads every sample by a call that it does not time."""

from __future__ import annotations

import pytest
import torch

from opbench.errors import UsageError
from opbench.measure.timing import wall
from opbench.measure.timing.clocks import clock_for, clock_named


class Calls:
    """Launches that take a scripted time each: the clock reads what they took."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: list[float]) -> None:
        self.left, self.now, self.made = list(seconds), 0.0, 0
        monkeypatch.setattr(wall, "perf_counter", lambda: self.now)

    def __call__(self) -> torch.Tensor:
        self.made += 1
        self.now += self.left.pop(0)
        return torch.empty(0)


def test_wall_times_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, [9.0, 1.0, 2.0])
    assert clock_named("wall").timer(calls)(3) == pytest.approx(4.0)


def test_led_wall_leaves_the_first_call_of_each_sample_out(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, [9.0, 1.0, 2.0, 9.0, 5.0])
    timer = clock_named("wall:led").timer(calls)
    assert timer(2) == pytest.approx(1.5)
    assert timer(1) == pytest.approx(5.0)
    assert calls.made == 5


def test_both_are_for_the_cpu_and_the_plain_one_is_usual() -> None:
    assert clock_for("cpu") == "wall"
    assert clock_for("cpu", "wall:led") == "wall:led"
    with pytest.raises(UsageError, match="no clock 'wall:led' for device 'cuda'"):
        clock_for("cuda", "wall:led")
