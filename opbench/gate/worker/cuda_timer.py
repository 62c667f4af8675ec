"""Slices on a GPU: every call cold and between two events of its own, all of it enqueued behind a blocking delay.

What is proven about a call and a burst is proven by the clocks' own pieces (`opbench.measure.timing`); only what the
gate wants otherwise stands here: the L2 written once before every call, short calls replayed as a graph, and the
frequency read while the device works. Nothing of it has been measured on a GPU yet.

bootstrap.py removes the package from `sys.modules` once a worker has loaded it, so that the revision under test imports
its own: every import of it stands at the top. PyTorch and NVML are the tested side's, and imported when used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from opbench.gate.worker.clock_frequency import ClockFrequency
from opbench.gate.worker.timer import SliceTiming
from opbench.measure.timing.accelerator import CAPTURE_WARMUPS, Accelerator, current_device
from opbench.measure.timing.clock import ClockError
from opbench.measure.timing.cuda_graph import first_error
from opbench.measure.timing.device_timer import DeviceTimer, cold
from opbench.measure.timing.occupied import occupied_s
from opbench.measure.timing.stray import StrayWatch
from opbench.store.lock import device_lock_name

GRAPH_UNDER_S = 20e-6
"""A call shorter than this on the device is replayed as a graph.

Enqueueing one eager operator takes the host about 5 us, and several make a call: under 20 us the host is often the
slower of the two, and what a user runs is a graph. A replay is one entry of the queue whatever the call enqueues.
"""

L2_WRITES = 1
"""How often the L2 is overwritten before a call: once, by exactly its size, as nvbench does.

The latency clocks write twice, to be safe from any replacement policy. A gate compares a call with itself, so a line
that survives does so on both sides, and the flush is most of what a short call's slice costs the device.
"""

PROBE_CALLS = 8
"""Cold calls behind the estimate that slices are sized by; its error moves a slice's length and no figure."""


class CudaTimer:
    """Times one benchmark at a time: `prepare` it, then take any number of slices.

    launch_mode: "graph", "launches", or "launches: capture refused: ..." for a short call that cannot be a graph.
    device and frequency: those of PyTorch's current device unless a test gives others.
    """

    def __init__(self, device: Accelerator | None = None, frequency: ClockFrequency | None = None) -> None:
        self.launch_mode = ""
        self._device = device
        self._frequency = frequency
        self._timer: DeviceTimer | None = None
        self._clock_hz: float | None = None

    @property
    def clock_missing(self) -> str:
        """Why slices come without a frequency, "" when they come with one. Known once `prepare` was called."""
        return self._frequency.missing if self._frequency else "nothing is prepared yet"

    def prepare(self, call: Callable[[], object], *, replay: bool | None = None) -> float:
        """Warm `call` up, prove that its work stays on the watched stream, choose graph or launches.

        replay: what was chosen elsewhere; None: choose here. Every worker of a benchmark should go the same way: the
        device's own cost of a call differs between the two. Returns seconds per cold call, its events' cost included.
        Raises MachineError without a CUDA device, ClockError where a slice could not be vouched for.
        """
        self._timer = None  # and with it the last benchmark's graph and its memory
        device = self._device = self._device or current_device()
        self._frequency = self._frequency or ClockFrequency(device_lock_name())
        if device.l2_bytes() <= 0:
            raise ClockError(
                f"cannot empty the L2: the device gives its size as {device.l2_bytes()} bytes; gate on another device"
            )
        for _ in range(CAPTURE_WARMUPS):
            call()
        watch = StrayWatch(device)
        watch.refuse(call)
        busy_s = occupied_s(device, call, watch)
        watch.refuse_unaccounted(call, busy_s)
        wanted = busy_s < GRAPH_UNDER_S if replay is None else replay
        self.launch_mode, enqueued = _graph(device, call, watch) if wanted else ("launches", call)
        self._timer = DeviceTimer(device, enqueued, partial(cold, factor=L2_WRITES), watch)
        return self._timer(PROBE_CALLS)

    def slice(self, calls: int, samples: int) -> SliceTiming:
        """`samples` samples of `calls` calls each. Raises ClockError where one cannot be vouched for."""
        assert self._timer is not None, "prepare comes before slice"
        spans_s = self._timer.spans_s(calls * samples, self._read_clock)
        groups = [spans_s[first : first + calls] for first in range(0, len(spans_s), calls)]
        return SliceTiming(tuple(sum(group) / calls for group in groups), self._clock_hz)

    def _read_clock(self) -> None:
        assert self._frequency is not None
        self._clock_hz = self._frequency.read_hz()


def _graph(device: Accelerator, call: Callable[[], object], watch: StrayWatch) -> tuple[str, Callable[[], object]]:
    """How to enqueue a call and what does it: its graph where that holds all its work, else the call itself."""
    try:
        replay = device.capture(call)
        watch.refuse_unaccounted(call, occupied_s(device, replay, watch))
    except Exception as exc:  # noqa: BLE001  (each library raises its own type; plain launches are proven already)
        first = exc if isinstance(exc, ClockError) else first_error(exc)
        line = str(first).partition("\n")[0]
        return f"launches: capture refused: {type(first).__name__}: {line}", call
    return "graph", replay
