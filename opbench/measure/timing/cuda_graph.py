"""The clocks `cuda_graph:warm` and `cuda_graph:cold`: device time of replaying one captured launch.

The graph holds one launch and is replayed back to back, rather than one graph holding many: a replay is what
a user of graphs gets per step, any number of calls needs no new capture, and a cold cache needs something
between the calls anyway. So the figure contains the device's gap between two graphs, and none of the host's
cost. A graph is a single entry of the stream's queue: launches of thousands of kernels, too many for
`cuda_events` to hide, can be timed here.

A failed capture leaves torch 2.11's allocator believing that one is under way, which may end the process later
(mended by pytorch's pull request 180395): measure what follows it in a new process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from opbench.measure.timing.accelerator import Accelerator, current_device
from opbench.measure.timing.clock import Clock, ClockError, Timer
from opbench.measure.timing.cuda_events import SAMPLE_TARGET_S
from opbench.measure.timing.device_timer import DeviceTimer, pattern
from opbench.measure.timing.occupied import occupied_s
from opbench.measure.timing.stray import StrayWatch
from opbench.vocabulary.backend import Launch

# The same grouping as events: the same events bound the samples.
MAX_CALLS = {"cuda_graph:warm": 1024, "cuda_graph:cold": 32}


class CudaGraph:
    """Replays on torch's current stream. A Clock; `device` is torch's CUDA device unless a test gives one."""

    def __init__(self, name: str, device: Accelerator | None = None) -> None:
        self.name = name
        self.sample_target_s = SAMPLE_TARGET_S
        self.max_calls = MAX_CALLS[name]
        self._device = device

    def timer(self, launch: Launch) -> Timer:
        """Raises ClockError for a launch that strays, cannot be captured, or whose graph does nothing.

        The launch is watched before it is captured: work on a stream that the capture does not follow runs
        once, then, and is missing from every replay. Raises MachineError without CUDA.
        """
        device = self._device or current_device()
        sampled = pattern(self.name, device)
        watch = StrayWatch(device)
        watch.refuse(launch)  # an error of the launch itself is raised here, as itself
        replay = _captured(device, launch)
        watch.refuse_unaccounted(launch, occupied_s(device, replay, watch))
        return DeviceTimer(device, replay, sampled, watch, reuses=True)


def _captured(device: Accelerator, launch: Launch) -> Callable[[], object]:
    try:
        return device.capture(launch)
    except Exception as exc:  # each library raises its own type for a refused capture
        first = first_error(exc)
        raise ClockError(
            f"the launch cannot be captured as a CUDA graph: {type(first).__name__}: {first}. A captured "
            "launch may not synchronise, allocate from the driver, or use a stream that it does not join; "
            "time it with the clock 'cuda_events:warm'"
        ) from exc


def first_error(exc: BaseException) -> BaseException:
    """The error that came first: ending a broken capture raises again, and says less."""
    while exc.__context__ is not None:
        exc = exc.__context__
    return exc


CLOCKS: dict[str, Callable[[], Clock]] = {name: partial(CudaGraph, name) for name in MAX_CALLS}
