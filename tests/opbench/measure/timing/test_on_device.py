"""What the scripted device proves, repeated where it counts. Ratios have wide margins: a device is shared."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest
import torch

from opbench.measure.timing.accelerator import TorchAccelerator, current_device
from opbench.measure.timing.clock import Clock, ClockError
from opbench.measure.timing.cuda_events import CudaEvents
from opbench.measure.timing.cuda_graph import CudaGraph

if TYPE_CHECKING:
    from opbench.vocabulary.backend import Launch

pytestmark = pytest.mark.gpu

SAMPLES = 9
MEBI = 1 << 20
CLOCKS = [
    lambda: CudaEvents("cuda_events:warm"),
    lambda: CudaEvents("cuda_events:cold"),
    lambda: CudaGraph("cuda_graph:warm"),
    lambda: CudaGraph("cuda_graph:cold"),
]


@pytest.fixture(params=CLOCKS, ids=["events:warm", "events:cold", "graph:warm", "graph:cold"])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def copy_of(mebibytes: int) -> Launch:
    source = torch.ones(mebibytes * MEBI, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def other_stream() -> torch.cuda.Stream:
    return torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it untyped


def seconds(clock: Clock, launch: Launch, calls: int) -> float:
    timer = clock.timer(launch)
    return median(timer(calls) for _ in range(SAMPLES))


def test_the_device_gives_the_size_of_its_l2() -> None:
    assert TorchAccelerator().l2_bytes() > 0


def test_delays_last_about_as_long_as_asked() -> None:
    device = current_device()
    device.occupy(1e-3)
    start = device.mark()
    device.occupy(20e-3)
    stop = device.mark()
    device.wait(stop)
    assert device.elapsed_s(start, stop) == pytest.approx(20e-3, rel=0.5)


def test_events_and_graph_agree_on_a_large_copy() -> None:
    events = seconds(CudaEvents("cuda_events:warm"), copy_of(1024), 2)
    graph = seconds(CudaGraph("cuda_graph:warm"), copy_of(1024), 2)
    assert graph == pytest.approx(events, rel=0.2)


def test_cold_is_not_faster_than_warm_where_the_cache_holds_it_all() -> None:
    mebibytes = max(1, current_device().l2_bytes() // MEBI // 8)
    launch = copy_of(mebibytes)
    warm = seconds(CudaEvents("cuda_events:warm"), launch, 20)
    assert seconds(CudaEvents("cuda_events:cold"), launch, 20) > 0.98 * warm


def test_figures_grow_with_the_work(clock: Clock) -> None:
    assert 4 < seconds(clock, copy_of(2048), 1) / seconds(clock, copy_of(256), 1) < 16


def test_work_on_another_stream_is_refused(clock: Clock) -> None:
    side, copy = other_stream(), copy_of(256)

    def launch() -> torch.Tensor:
        with torch.cuda.stream(side):
            return copy()

    with pytest.raises(ClockError, match="work ran on another stream"):
        clock.timer(launch)


def test_a_side_stream_that_is_joined_is_timed(clock: Clock) -> None:
    side, copy = other_stream(), copy_of(256)

    def launch() -> torch.Tensor:
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            done = copy()
        torch.cuda.current_stream().wait_stream(side)
        return done

    assert seconds(clock, launch, 1) == pytest.approx(seconds(clock, copy, 1), rel=0.3)


def test_launch_that_synchronises_is_refused(clock: Clock) -> None:
    values = torch.ones(MEBI, device="cuda")
    with pytest.raises(ClockError, match=r"synchronises inside|cannot be captured"):
        clock.timer(lambda: values.mul_(values.sum().item()))


def test_launch_that_returns_a_stored_result_is_refused(clock: Clock) -> None:
    stored = torch.ones(MEBI, device="cuda")
    with pytest.raises(ClockError, match=r"nothing ran|graph is empty|Graph is empty"):
        clock.timer(lambda: stored)


def test_smallest_kernels_are_timed_and_not_taken_for_nothing(clock: Clock) -> None:
    one = torch.ones(1, device="cuda")
    assert 0.1e-6 < seconds(clock, lambda: one.add_(1), 32) < 50e-6
