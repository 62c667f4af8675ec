from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from opbench.measure.timing.clock import Clock, ClockError
from opbench.measure.timing.cuda_graph import CLOCKS, CudaGraph

from .fake_accelerator import FakeAccelerator, FakeLaunch, Kernel

if TYPE_CHECKING:
    from collections.abc import Callable

WARM, COLD = "cuda_graph:warm", "cuda_graph:cold"
US = 1e-6


@pytest.fixture
def device() -> FakeAccelerator:
    return FakeAccelerator()


@pytest.fixture(params=[WARM, COLD])
def clock(request: pytest.FixtureRequest, device: FakeAccelerator) -> Clock:
    return CudaGraph(request.param, device)


def test_replays_time_no_host_cost(clock: Clock, device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel(5 * US), Kernel(2 * US)], host_s=3e-3)
    assert clock.timer(launch)(20) == pytest.approx(7 * US, rel=1e-9)


def test_sampling_replays_and_never_calls_the_launch(clock: Clock, device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel()])
    timer = clock.timer(launch)
    launch.calls = 0
    timer(10)
    assert launch.calls == 0


def test_cold_flushes_between_replays_and_warm_does_not(device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel(5 * US, cold_s=9 * US)])
    assert CudaGraph(WARM, device).timer(launch)(10) == pytest.approx(5 * US, rel=1e-9)
    assert device.flushes == 0
    assert CudaGraph(COLD, device).timer(launch)(10) == pytest.approx(9 * US, rel=1e-9)
    assert device.flushes == 10


def test_launch_too_large_for_the_queue_is_one_entry_as_a_graph(clock: Clock, device: FakeAccelerator) -> None:
    device.depth = 64
    assert clock.timer(FakeLaunch(device, [Kernel(1 * US)] * 100))(8) == pytest.approx(100 * US, rel=1e-9)


def test_launch_that_synchronises_cannot_be_captured_and_the_reason_is_given(
    clock: Clock, device: FakeAccelerator
) -> None:
    with pytest.raises(ClockError, match=r"cannot be captured.*RuntimeError: operation not permitted"):
        clock.timer(FakeLaunch(device, [Kernel()], synchronises=True))


def test_the_first_error_of_a_broken_capture_is_the_one_reported(
    clock: Clock, device: FakeAccelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def capture(_: Callable[[], object]) -> NoReturn:
        try:
            raise ValueError("the cause")
        finally:
            raise RuntimeError("capture was invalidated")

    monkeypatch.setattr(device, "capture", capture)
    with pytest.raises(ClockError, match="ValueError: the cause"):
        clock.timer(FakeLaunch(device, [Kernel()]))


def test_an_error_of_the_launch_itself_stays_itself(clock: Clock) -> None:
    def launch() -> NoReturn:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        clock.timer(launch)


@pytest.mark.parametrize("forked", [True, False])
def test_work_on_another_stream_is_refused_before_it_is_lost_in_the_capture(
    clock: Clock, device: FakeAccelerator, forked: bool
) -> None:
    side = Kernel(60 * US, stream="side", forked=forked)
    with pytest.raises(ClockError, match="work ran on another stream"):
        clock.timer(FakeLaunch(device, [Kernel(), side]))


def test_work_elsewhere_that_replays_leave_out_is_refused(clock: Clock, device: FakeAccelerator) -> None:
    device.shared = True
    with pytest.raises(ClockError, match="work ran on another stream: 16 launches"):
        clock.timer(FakeLaunch(device, [Kernel(90 * US, stream="side"), Kernel(100 * US)]))


def test_graph_that_holds_nothing_is_refused(clock: Clock, device: FakeAccelerator) -> None:
    with pytest.raises(ClockError, match="nothing ran"):
        clock.timer(FakeLaunch(device, [Kernel(3 * US, stream="side")]))


def test_every_clock_is_listed_under_its_own_name() -> None:
    assert set(CLOCKS) == {WARM, COLD}
    assert all(factory().name == name for name, factory in CLOCKS.items())
    assert all(factory().max_calls >= 1 and factory().sample_target_s > 0 for factory in CLOCKS.values())
