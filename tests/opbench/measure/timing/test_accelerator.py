"""TorchAccelerator over a stand-in for torch.cuda; what only a device can show is in `test_on_device.py`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from opbench.errors import MachineError
from opbench.measure.timing.accelerator import CALIBRATION_CYCLES, FLUSH_FACTOR, TorchAccelerator

CLOCK_HZ = 1.5e9
L2_BYTES = 4096
IMPORTS = (
    "import sys, opbench.measure.timing.cuda_events as e, opbench.measure.timing.cuda_graph as g;"
    "[factory() for factory in (e.CLOCKS | g.CLOCKS).values()];"
    "print('torch' in sys.modules)"
)


@dataclass
class Stand:
    """Counts spun cycles; an event remembers how many had been spun when it was recorded."""

    spun: list[int] = field(default_factory=list)
    current: str = "default"

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "_sleep", self.spun.append)
        monkeypatch.setattr(torch.cuda, "Event", self._event)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(L2_cache_size=L2_BYTES))

    def _event(self, *, enable_timing: bool) -> Any:
        assert enable_timing
        event = SimpleNamespace(at=0, synchronize=lambda: None, query=lambda: True)
        event.record = lambda: setattr(event, "at", sum(self.spun))
        event.elapsed_time = lambda stop: (stop.at - event.at) / CLOCK_HZ * 1e3
        return event


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    stand = Stand()
    stand.install(monkeypatch)
    return stand


def test_a_machine_without_a_device_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MachineError, match="needs a CUDA device"):
        TorchAccelerator()


def test_clocks_can_be_listed_without_torch() -> None:
    out = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_delays_are_cycles_at_the_measured_rate(stand: Stand) -> None:
    device = TorchAccelerator()
    device.occupy(2e-3)
    assert stand.spun[-1] == pytest.approx(2e-3 * CLOCK_HZ, rel=1e-6)


def test_the_rate_is_measured_once(stand: Stand) -> None:
    device = TorchAccelerator()
    device.occupy(1e-3)
    device.occupy(1e-3)
    assert stand.spun.count(CALIBRATION_CYCLES) == 3
    assert len(stand.spun) == 5


def test_events_give_seconds(stand: Stand) -> None:
    device = TorchAccelerator()
    start = device.mark()
    stand.spun.append(int(CLOCK_HZ))
    stop = device.mark()
    assert device.reached(stop)
    assert device.elapsed_s(start, stop) == pytest.approx(1.0)


@pytest.mark.parametrize("factor", [1, FLUSH_FACTOR])
def test_flush_writes_all_of_one_buffer_of_the_size_asked(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, factor: int
) -> None:
    buffers = [torch.ones(factor * L2_BYTES)]
    asked = {buffers[0].numel(): buffers}  # any other size, and a second buffer, is an error
    monkeypatch.setattr(torch, "empty", lambda size, **_: asked[size].pop())
    written, device = buffers[0], TorchAccelerator()
    device.flush(factor)
    device.flush(factor)
    assert not written.any()


def test_a_failed_capture_leaves_the_stream_as_it_was(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    _streams(stand, monkeypatch)
    with pytest.raises(RuntimeError, match="not permitted"):
        TorchAccelerator().capture(lambda: None)
    assert stand.current == "default"


def _streams(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams as torch has them, with a `graph` that fails as torch 2.13's does: its stream stays current."""

    class Using:
        def __init__(self, name: Any) -> None:
            self.name = name

        def __enter__(self) -> None:
            self.before, stand.current = stand.current, self.name

        def __exit__(self, *_: object) -> None:
            stand.current = self.before

    class Graph:
        def __init__(self, graph: object, stream: Any) -> None:
            self.stream = stream

        def __enter__(self) -> None:
            stand.current = self.stream

        def __exit__(self, *_: object) -> None:
            raise RuntimeError("operation not permitted")

    side = SimpleNamespace(wait_stream=lambda other: None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: side)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: side)
    monkeypatch.setattr(torch.cuda, "stream", Using)
    monkeypatch.setattr(torch.cuda, "graph", Graph)
