from __future__ import annotations

from collections import deque

import pytest

from opbench.measure.timing.clock import Clock, ClockError
from opbench.measure.timing.cuda_events import CLOCKS, CudaEvents
from opbench.measure.timing.hidden import LONGEST_DELAY_S, SHORTEST_DELAY_S
from opbench.measure.timing.stray import IDLE_TRIALS

from .fake_accelerator import FakeAccelerator, FakeLaunch, Kernel

WARM, COLD = "cuda_events:warm", "cuda_events:cold"
US = 1e-6


@pytest.fixture
def device() -> FakeAccelerator:
    return FakeAccelerator()


@pytest.fixture(params=[WARM, COLD])
def clock(request: pytest.FixtureRequest, device: FakeAccelerator) -> Clock:
    return CudaEvents(request.param, device)


@pytest.mark.parametrize("calls", [1, 7, 128, 129, 1000])
def test_seconds_per_call_are_exact_however_many_calls(device: FakeAccelerator, calls: int) -> None:
    timer = CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(5 * US)]))
    assert timer(calls) == pytest.approx(5 * US, rel=1e-9)


@pytest.mark.parametrize("host_s", [0.0, 50 * US, 5e-3])
def test_launch_cost_is_not_in_the_figure(clock: Clock, device: FakeAccelerator, host_s: float) -> None:
    timer = clock.timer(FakeLaunch(device, [Kernel(5 * US)], host_s=host_s))
    assert timer(8) == pytest.approx(5 * US, rel=1e-9)


def test_starved_stream_gets_twice_the_delay_until_all_is_hidden(device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel(5 * US)], host_s=1 * US)
    timer = CudaEvents(WARM, device).timer(launch)
    launch.host_s = 30 * US
    device.delays_s.clear()
    assert timer(50) == pytest.approx(5 * US, rel=1e-9)
    assert device.delays_s == [SHORTEST_DELAY_S * 2**attempt for attempt in range(4)]


def test_next_sample_knows_the_cost_and_needs_one_attempt(device: FakeAccelerator) -> None:
    timer = CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel()], host_s=200 * US))
    timer(100)
    device.delays_s.clear()
    timer(100)
    assert len(device.delays_s) == 1


def test_full_queue_shortens_the_burst_and_not_the_figure(device: FakeAccelerator) -> None:
    device.depth = 64
    timer = CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(3 * US), Kernel(4 * US)]))
    assert timer(100) == pytest.approx(7 * US, rel=1e-9)


def test_time_spent_blocked_is_not_taken_for_the_cost_of_a_launch(device: FakeAccelerator) -> None:
    device.depth = 64
    CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(), Kernel()]))(100)
    assert device.delays_s.count(LONGEST_DELAY_S) == 2  # for 100 and for 50 calls; 25 need little


def test_one_call_larger_than_the_queue_is_refused(device: FakeAccelerator) -> None:
    device.depth = 64
    with pytest.raises(ClockError, match="more kernels than a stream holds"):
        CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel()] * 100))


def test_launch_that_synchronises_is_refused(clock: Clock, device: FakeAccelerator) -> None:
    with pytest.raises(ClockError, match="synchronises inside"):
        clock.timer(FakeLaunch(device, [Kernel()], synchronises=True))
    assert max(device.delays_s) == LONGEST_DELAY_S


def test_cold_flushes_before_every_call_and_warm_never(device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel(5 * US, cold_s=9 * US)])
    cold, warm = CudaEvents(COLD, device).timer(launch), CudaEvents(WARM, device).timer(launch)
    assert device.flushes == 0
    assert cold(10) == pytest.approx(9 * US, rel=1e-9)
    assert device.flushes == 10
    assert warm(10) == pytest.approx(5 * US, rel=1e-9)
    assert device.flushes == 10


def test_warm_is_warm_whatever_ran_before_the_sample(device: FakeAccelerator) -> None:
    timer = CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(5 * US, cold_s=9 * US)]))
    FakeLaunch(device, [Kernel(1 * US, cold_s=1 * US)])()
    assert timer(1) == pytest.approx(5 * US, rel=1e-9)


def test_cold_is_refused_where_the_cache_size_is_unknown(device: FakeAccelerator) -> None:
    device.l2 = 0
    with pytest.raises(ClockError, match="cannot empty the L2"):
        CudaEvents(COLD, device).timer(FakeLaunch(device, [Kernel()]))


@pytest.mark.parametrize(
    "kernels",
    [
        pytest.param([Kernel(60 * US, stream="side")], id="all of it, at once"),
        pytest.param([Kernel(60 * US, stream="side", forked=True)], id="all of it, after the main stream"),
        pytest.param([Kernel(), Kernel(60 * US, stream="side")], id="beside real work"),
        pytest.param([Kernel(), Kernel(15 * US, stream="side")], id="short, but piling up"),
        pytest.param([Kernel(), Kernel(60 * US, stream="side", forked=True)], id="after real work"),
    ],
)
def test_work_on_another_stream_is_refused(clock: Clock, device: FakeAccelerator, kernels: list[Kernel]) -> None:
    with pytest.raises(ClockError, match="work ran on another stream"):
        clock.timer(FakeLaunch(device, kernels))


def test_short_work_elsewhere_that_ends_during_the_delay_is_refused(clock: Clock, device: FakeAccelerator) -> None:
    with pytest.raises(ClockError, match="nothing ran on the watched stream"):
        clock.timer(FakeLaunch(device, [Kernel(3 * US, stream="side")]))


def test_launch_that_does_nothing_is_refused(clock: Clock, device: FakeAccelerator) -> None:
    with pytest.raises(ClockError, match="nothing ran"):
        clock.timer(FakeLaunch(device, []))


def test_cost_of_the_events_is_not_taken_for_work(clock: Clock, device: FakeAccelerator) -> None:
    device.event_s = 8 * US
    with pytest.raises(ClockError, match="nothing ran"):
        clock.timer(FakeLaunch(device, []))


def test_shortest_kernels_are_not_taken_for_nothing(clock: Clock, device: FakeAccelerator) -> None:
    assert clock.timer(FakeLaunch(device, [Kernel(0.8 * US)]))(1) == pytest.approx(0.8 * US, rel=1e-9)


def test_work_that_strays_only_once_sampling_has_begun_is_refused(clock: Clock, device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel()])
    timer = clock.timer(launch)
    launch.kernels.append(Kernel(60 * US, stream="side", forked=True))
    with pytest.raises(ClockError, match="work ran on another stream"):
        timer(4)


def test_work_elsewhere_that_slows_the_launch_down_except_behind_a_delay_is_refused(
    clock: Clock, device: FakeAccelerator
) -> None:
    device.shared = True
    with pytest.raises(ClockError, match="work ran on another stream: 16 launches"):
        clock.timer(FakeLaunch(device, [Kernel(90 * US, stream="side"), Kernel(100 * US)]))


def test_short_stray_work_beside_longer_real_work_is_a_known_miss(clock: Clock, device: FakeAccelerator) -> None:
    launch = FakeLaunch(device, [Kernel(40 * US), Kernel(3 * US, stream="side")])
    assert clock.timer(launch)(4) == pytest.approx(40 * US, rel=1e-9)


def test_streams_that_the_main_one_joins_are_no_concern(clock: Clock, device: FakeAccelerator) -> None:
    side = Kernel(3 * US, stream="side")
    joined = Kernel(40 * US)  # runs on until the side stream is done
    assert clock.timer(FakeLaunch(device, [side, joined]))(4) == pytest.approx(40 * US, rel=1e-9)


def test_one_interrupted_synchronise_repeats_the_sample(device: FakeAccelerator) -> None:
    timer = CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(5 * US)]))
    device.delays_s.clear()
    device.hiccups = deque([0.0, 0.01])
    assert timer(4) == pytest.approx(5 * US, rel=1e-9)
    assert len(device.delays_s) == 2


def test_one_interrupted_synchronise_before_sampling_condemns_nobody(device: FakeAccelerator) -> None:
    device.hiccups = deque([0.0] * (2 * IDLE_TRIALS + 1) + [0.01])
    assert CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(5 * US)]))(1) == pytest.approx(5 * US)
    assert not device.hiccups


def test_interruptions_while_the_idle_device_is_watched_do_not_hide_stray_work(
    device: FakeAccelerator,
) -> None:
    device.hiccups = deque([0.0, 0.01] * 5)
    with pytest.raises(ClockError, match="work ran on another stream"):
        CudaEvents(WARM, device).timer(FakeLaunch(device, [Kernel(), Kernel(60 * US, stream="side")]))


def test_every_clock_is_listed_under_its_own_name() -> None:
    assert set(CLOCKS) == {WARM, COLD}
    assert all(factory().name == name for name, factory in CLOCKS.items())
    assert all(factory().max_calls >= 1 and factory().sample_target_s > 0 for factory in CLOCKS.values())
