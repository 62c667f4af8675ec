"""The clocks `cuda_events:warm` and `cuda_events:cold`: device time between events, launch cost hidden.

They answer "how long does the device take?", not "how long until the caller has the result?". What a sample
consists of and what is proven about it: `device_timer.py`, `hidden.py`, `stray.py`, `occupied.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from opbench.measure.timing.accelerator import Accelerator, current_device
from opbench.measure.timing.clock import Clock, Timer
from opbench.measure.timing.device_timer import DeviceTimer, pattern
from opbench.measure.timing.occupied import occupied_s
from opbench.measure.timing.stray import StrayWatch
from opbench.vocabulary.backend import Launch

# An event resolves about 0.5 us (CUDA runtime API, cudaEventElapsedTime) and a pair of them costs the stream
# a microsecond or two: at 1 ms the first is 0.05 % and the second a fifth of a percent.
SAMPLE_TARGET_S = 1e-3
MAX_CALLS = {
    "cuda_events:warm": 1024,  # 1 ms of the shortest kernels there are, about 1 us
    # Each cold call also costs a flush (100 MB at 4 TB/s is 25 us) and an event pair of its own, so grouping
    # gains nothing but an average over the resolution.
    "cuda_events:cold": 32,
}


class CudaEvents:
    """Events on torch's current stream. A Clock; `device` is torch's CUDA device unless a test gives one."""

    def __init__(self, name: str, device: Accelerator | None = None) -> None:
        self.name = name
        self.sample_target_s = SAMPLE_TARGET_S
        self.max_calls = MAX_CALLS[name]
        self._device = device

    def timer(self, launch: Launch) -> Timer:
        """Raises ClockError where the launch strays, synchronises or does nothing.

        Raises MachineError where there is no CUDA device.
        """
        device = self._device or current_device()
        sampled = pattern(self.name, device)
        watch = StrayWatch(device)
        watch.refuse(launch)
        watch.refuse_unaccounted(launch, occupied_s(device, launch, watch))
        return DeviceTimer(device, launch, sampled, watch)


CLOCKS: dict[str, Callable[[], Clock]] = {name: partial(CudaEvents, name) for name in MAX_CALLS}
