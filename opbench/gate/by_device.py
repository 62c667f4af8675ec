"""The timer of each kind of device. Both are imported here at once: a worker forgets opbench before it serves."""

from __future__ import annotations

from collections.abc import Callable

from opbench.errors import unknown
from opbench.gate.device_slices import DeviceSlices
from opbench.gate.timers import Slices
from opbench.gate.wall import WallSlices

TIMERS: dict[str, Callable[[], Slices]] = {"cpu": WallSlices, "cuda": DeviceSlices}


def timer_for(device: str) -> Slices:
    """A new timer for one benchmark. Raises UsageError for a device that is neither `cpu` nor `cuda`."""
    if device not in TIMERS:
        raise unknown("device", device, TIMERS)
    return TIMERS[device]()
