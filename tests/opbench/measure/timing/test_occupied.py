from __future__ import annotations

import pytest

from opbench.measure.timing.occupied import occupied_s
from opbench.measure.timing.stray import StrayWatch

from .fake_accelerator import FakeAccelerator, FakeLaunch, Kernel


@pytest.mark.parametrize("kernel_s", [1e-6, 50e-6], ids=["sixteen calls show it", "one call shows it"])
def test_occupied_seconds_are_those_of_one_call(kernel_s: float) -> None:
    device = FakeAccelerator(event_s=2e-6)
    found = occupied_s(device, FakeLaunch(device, [Kernel(kernel_s)]), StrayWatch(device))
    assert found == pytest.approx(kernel_s, rel=1e-9)
