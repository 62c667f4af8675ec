"""Slices of a scripted device whose every time is known, and one test where it counts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from opbench.errors import MachineError
from opbench.gate.worker.clock_frequency import ClockFrequency
from opbench.gate.worker.cuda_timer import GRAPH_UNDER_S, CudaTimer
from opbench.measure.timing.clock import ClockError
from opbench.store.lock import device_lock_name

from ...measure.timing.fake_accelerator import MAIN, FakeAccelerator, FakeLaunch, Kernel

ROOT = Path(__file__).parents[4]
US = 1e-6
UUID = "GPU-8b1f0000-1111-2222-3333-444455556666"

LOADED_AND_PURGED = """
import sys, types
package = sys.modules["opbench"] = types.ModuleType("opbench")
package.__path__ = ["opbench"]
from tests.opbench.measure.timing.fake_accelerator import FakeAccelerator, FakeLaunch, Kernel
from opbench.gate.worker.cuda_timer import CudaTimer
from opbench.gate.worker.clock_frequency import ClockFrequency
print(sorted({"torch", "numpy", "pynvml"} & sys.modules.keys()))
for name in [name for name in sys.modules if name.partition(".")[0] == "opbench"]:
    del sys.modules[name]
sys.modules["opbench"] = None
device = FakeAccelerator()
slices = CudaTimer(device, ClockFrequency("GPU-0"))
slices.prepare(FakeLaunch(device, [Kernel(5e-6)]))
print(slices.launch_mode, len(slices.slice(2, 3).samples_s))
"""


class NvmlError(Exception):
    """What the fake library raises."""


@dataclass
class FakeNvml:
    """The module `pynvml` with one device. reads: whether the device was busy at each reading of its clock."""

    device: FakeAccelerator
    clock_mhz: int = 1980
    refuses: str = ""
    reads: list[bool] = field(default_factory=list)
    NVMLError = NvmlError
    NVML_CLOCK_SM = 1

    def nvmlInit(self) -> None:  # noqa: N802
        self._refuse("init")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        if uuid != UUID:
            raise NvmlError("Not Found")
        return "handle"

    def nvmlDeviceGetClockInfo(self, handle: str, kind: int) -> int:  # noqa: N802
        assert (handle, kind) == ("handle", self.NVML_CLOCK_SM)
        self._refuse("clock")
        self.reads.append(self.device._free_s[MAIN] > self.device.host_s)
        return self.clock_mhz

    def _refuse(self, what: str) -> None:
        if self.refuses == what:
            raise NvmlError("Not Supported")


@pytest.fixture
def device() -> FakeAccelerator:
    return FakeAccelerator()


@pytest.fixture
def nvml(device: FakeAccelerator) -> FakeNvml:
    return FakeNvml(device)


@pytest.fixture
def slices(device: FakeAccelerator, nvml: FakeNvml) -> CudaTimer:
    return CudaTimer(device, ClockFrequency(UUID, nvml))


@pytest.mark.parametrize("host_s", [1 * US, 50 * US, 3e-3])
def test_seconds_are_those_of_a_cold_call_without_the_cost_of_launching(
    slices: CudaTimer, device: FakeAccelerator, host_s: float
) -> None:
    call = FakeLaunch(device, [Kernel(30 * US, cold_s=50 * US)], host_s=host_s)
    assert slices.prepare(call) == pytest.approx(50 * US)
    assert slices.slice(3, 5).samples_s == pytest.approx((50 * US,) * 5)


def test_a_sample_is_the_mean_of_its_own_calls(slices: CudaTimer, device: FakeAccelerator) -> None:
    durations_s: list[float] = []
    slices.prepare(lambda: device.run(Kernel(durations_s.pop(0) if durations_s else 30 * US)))
    durations_s += [30 * US, 50 * US, 40 * US, 80 * US]
    assert slices.slice(2, 2).samples_s == pytest.approx((40 * US, 60 * US))


def test_the_l2_is_written_exactly_once_before_every_call(slices: CudaTimer, device: FakeAccelerator) -> None:
    slices.prepare(FakeLaunch(device, [Kernel(30 * US)]))
    device.flush_factors.clear()
    slices.slice(7, 20)
    assert device.flush_factors == [1] * 140


def test_many_calls_go_in_bursts_that_a_stream_can_hold(slices: CudaTimer, device: FakeAccelerator) -> None:
    device.depth = 64
    slices.prepare(FakeLaunch(device, [Kernel(30 * US)]))
    assert slices.slice(10, 30).samples_s == pytest.approx((30 * US,) * 30)


def test_a_short_call_is_replayed_and_not_called(slices: CudaTimer, device: FakeAccelerator) -> None:
    call = FakeLaunch(device, [Kernel(6 * US), Kernel(4 * US)])
    slices.prepare(call)
    call.calls = 0
    assert slices.slice(4, 4).samples_s == pytest.approx((10 * US,) * 4)
    assert (slices.launch_mode, call.calls) == ("graph", 0)


@pytest.mark.parametrize(("call_s", "launch_mode"), [(0.9 * GRAPH_UNDER_S, "graph"), (1.1 * GRAPH_UNDER_S, "launches")])
def test_only_calls_under_the_limit_become_graphs(
    slices: CudaTimer, device: FakeAccelerator, call_s: float, launch_mode: str
) -> None:
    slices.prepare(FakeLaunch(device, [Kernel(call_s)]))
    assert slices.launch_mode == launch_mode


@pytest.mark.parametrize(("call_s", "replay", "launch_mode"), [(5 * US, False, "launches"), (90 * US, True, "graph")])
def test_the_launch_mode_chosen_elsewhere_is_taken_whatever_the_call_takes(
    slices: CudaTimer, device: FakeAccelerator, call_s: float, replay: bool, launch_mode: str
) -> None:
    slices.prepare(FakeLaunch(device, [Kernel(call_s)]), replay=replay)
    assert slices.launch_mode == launch_mode


def test_a_refused_capture_is_reported_with_its_first_cause_and_launches_are_timed(
    slices: CudaTimer, device: FakeAccelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def capture(_: Callable[[], object]) -> NoReturn:
        try:
            raise ValueError("it allocates\nfrom the driver")
        finally:
            raise RuntimeError("capture was invalidated")

    monkeypatch.setattr(device, "capture", capture)
    slices.prepare(FakeLaunch(device, [Kernel(5 * US)]))
    assert slices.launch_mode == "launches: capture refused: ValueError: it allocates"
    assert slices.slice(1, 3).samples_s == pytest.approx((5 * US,) * 3)


def test_a_graph_that_lacks_the_work_is_not_taken(
    slices: CudaTimer, device: FakeAccelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "capture", lambda _: lambda: None)
    slices.prepare(FakeLaunch(device, [Kernel(5 * US)]))
    assert slices.launch_mode.startswith("launches: capture refused: ClockError: nothing ran on the watched stream")
    assert slices.slice(1, 3).samples_s == pytest.approx((5 * US,) * 3)


@pytest.mark.parametrize(("own_s", "stray_s"), [(5 * US, 900 * US), (100 * US, 130 * US)])
def test_work_on_another_stream_is_refused(
    slices: CudaTimer, device: FakeAccelerator, own_s: float, stray_s: float
) -> None:
    with pytest.raises(ClockError, match="work ran on another stream"):
        slices.prepare(FakeLaunch(device, [Kernel(own_s), Kernel(stray_s, stream="side")]))


def test_a_call_that_synchronises_is_refused(slices: CudaTimer, device: FakeAccelerator) -> None:
    with pytest.raises(ClockError, match="synchronises inside"):
        slices.prepare(FakeLaunch(device, [Kernel(5 * US)], synchronises=True))


def test_an_l2_of_unknown_size_is_refused(slices: CudaTimer, device: FakeAccelerator) -> None:
    device.l2 = 0
    with pytest.raises(ClockError, match="cannot empty the L2"):
        slices.prepare(FakeLaunch(device, [Kernel(5 * US)]))


def test_another_benchmark_can_follow(slices: CudaTimer, device: FakeAccelerator) -> None:
    slices.prepare(FakeLaunch(device, [Kernel(5 * US)]))
    slices.slice(1, 3)
    slices.prepare(FakeLaunch(device, [Kernel(70 * US)]))
    assert slices.launch_mode == "launches"
    assert slices.slice(1, 3).samples_s == pytest.approx((70 * US,) * 3)


def test_the_clock_is_read_once_a_slice_while_the_device_is_busy(
    slices: CudaTimer, device: FakeAccelerator, nvml: FakeNvml
) -> None:
    slices.prepare(FakeLaunch(device, [Kernel(30 * US)]))
    assert nvml.reads == []
    assert slices.slice(10, 40).clock_hz == 1980e6
    assert nvml.reads == [True]
    assert slices.clock_missing == ""


@pytest.mark.parametrize(
    ("uuid", "refuses", "reason"),
    [(UUID, "init", "Not Supported"), (UUID, "clock", "does not tell the clock"), ("GPU-0", "", "not know the device")],
)
def test_a_clock_that_cannot_be_read_is_none_and_the_reason_is_reported(
    device: FakeAccelerator, uuid: str, refuses: str, reason: str
) -> None:
    slices = CudaTimer(device, ClockFrequency(uuid, FakeNvml(device, refuses=refuses)))
    slices.prepare(FakeLaunch(device, [Kernel(30 * US)]))
    assert slices.slice(1, 3).clock_hz is None
    assert reason in slices.clock_missing


def test_without_pynvml_slices_are_taken_and_say_what_to_install(
    device: FakeAccelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    slices = CudaTimer(device, ClockFrequency(UUID))
    slices.prepare(FakeLaunch(device, [Kernel(30 * US)]))
    measured = slices.slice(1, 3)
    assert (len(measured.samples_s), measured.clock_hz) == (3, None)
    assert slices.clock_missing == "pynvml is not installed: pip install nvidia-ml-py"


def test_a_clock_of_an_earlier_slice_is_not_kept(slices: CudaTimer, device: FakeAccelerator, nvml: FakeNvml) -> None:
    slices.prepare(FakeLaunch(device, [Kernel(30 * US)]))
    slices.slice(1, 3)
    nvml.refuses = "clock"
    assert slices.slice(1, 3).clock_hz is None


@pytest.mark.parametrize("uuid", [UUID, UUID.removeprefix("GPU-")])
def test_the_lock_is_named_by_the_current_device_as_nvidia_writes_it(
    monkeypatch: pytest.MonkeyPatch, uuid: str
) -> None:
    properties: dict[int, Any] = {2: SimpleNamespace(uuid=uuid)}
    cuda = SimpleNamespace(
        is_available=lambda: True, current_device=lambda: 2, get_device_properties=lambda number: properties[number]
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert device_lock_name() == UUID


def test_without_a_device_there_is_no_lock_name(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, __version__="2.13.0"))
    with pytest.raises(MachineError, match="sees no CUDA device"):
        device_lock_name()


def test_all_of_the_package_it_needs_is_loaded_at_once_and_no_heavy_library() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOADED_AND_PURGED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.stdout.splitlines(), run.stderr) == (["[]", "graph 3"], "")


@pytest.mark.gpu
def test_on_a_device_short_calls_are_graphs_the_clock_is_read_and_twice_the_work_is_twice_the_time() -> None:
    import torch

    served = CudaTimer()

    def seconds(mebibytes: int) -> float:
        source = torch.ones(mebibytes << 20, dtype=torch.uint8, device="cuda")
        target = torch.empty_like(source)
        served.prepare(lambda: target.copy_(source))
        return median(served.slice(2, 20).samples_s)

    short = torch.ones(1 << 20, device="cuda")
    assert served.prepare(lambda: short.add_(1)) < 2 * GRAPH_UNDER_S
    assert served.launch_mode == "graph"
    measured = served.slice(4, 40)
    assert min(measured.samples_s) > 0.5 * US
    if served.clock_missing:
        assert "pynvml" in served.clock_missing
    else:
        assert measured.clock_hz is not None
        assert 100e6 < measured.clock_hz < 4e9
    assert 1.8 < seconds(2048) / seconds(1024) < 2.2
