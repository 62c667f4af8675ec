"""A latency compares only where intervals are apart, prints its unit, and samples the call it was given."""

from __future__ import annotations

import pytest
import torch

import opbench
from opbench.custom import latency
from opbench.custom.latency import Latency
from opbench.errors import MachineError
from opbench.measure.timing.sampler import CONTENDED, Samples


def of(*samples_s: float) -> Latency:
    return Latency(samples_s, 1)


def test_latencies_are_less_or_greater_only_where_their_intervals_are_apart() -> None:
    quick, slow, between = of(1.0, 1.1, 1.2), of(2.0, 2.1), of(1.1, 2.05)
    assert quick < slow
    assert slow > quick
    assert not quick > slow
    assert not any((quick < between, quick > between, between < slow, between > slow))


@pytest.mark.parametrize(
    ("samples_s", "text"),
    [
        ((1.2e-3, 1.23e-3, 1.25e-3), "1.23 ms [1.20, 1.25]"),
        ((45.6e-6,), "45.6 us [45.6, 45.6]"),
        ((789e-9,), "789 ns [789, 789]"),
        ((12.0, 13.0, 15.0), "13.0 s [12.0, 15.0]"),
        ((0.5e-9,), "0.50 ns [0.50, 0.50]"),
    ],
)
def test_a_latency_is_its_median_and_interval_in_a_fitting_unit(samples_s: tuple[float, ...], text: str) -> None:
    assert str(of(*samples_s)) == text


def test_what_disturbed_it_is_told() -> None:
    assert str(Latency((1.0,), 1, "others used 1 core")) == "1.00 s [1.00, 1.00] (others used 1 core)"


def test_the_call_is_made_with_its_arguments_and_gradients_stay_as_they_are() -> None:
    seen = set()

    def called(x: torch.Tensor, *, factor: int) -> torch.Tensor:
        seen.add((tuple(x.shape), factor, torch.is_grad_enabled()))
        return x * factor

    found = opbench.time(called, torch.ones(3, 5), factor=7, budget=0.01)
    assert seen == {((3, 5), 7, True)}
    assert all(seconds > 0 for seconds in found.samples_s)


def test_a_machine_too_busy_for_a_figure_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "measure", lambda *_, **__: {"": Samples(stopped=CONTENDED)})
    with pytest.raises(MachineError, match="too busy for a figure"):
        opbench.time(torch.neg, torch.ones(3))


def test_what_the_function_raises_passes_through() -> None:
    with pytest.raises(TypeError):
        opbench.time(torch.neg)
