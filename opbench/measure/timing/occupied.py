"""Refuse what leaves the watched stream empty: a time of nothing would be a record-breaking one."""

from __future__ import annotations

from opbench.measure.timing.accelerator import Accelerator
from opbench.measure.timing.clock import ClockError
from opbench.measure.timing.device_timer import Call, DeviceTimer, warm
from opbench.measure.timing.stray import StrayWatch

PROBE_CALLS = (1, 16)
BUSY_S = 4e-6
"""Above the 0.5 us an event resolves; under sixteen of the shortest kernels, about 1 us each."""


def occupied_s(device: Accelerator, call: Call, watch: StrayWatch) -> float:
    """Seconds that one call occupies the watched stream, launching hidden and empty events subtracted.

    Raises ClockError when calls take the stream no longer than an empty pair of events does, and what
    DeviceTimer raises: a call that synchronises is refused here, one call at a time.
    """
    empty_s = DeviceTimer(device, _nothing, warm, watch)(1)
    timer = DeviceTimer(device, call, warm, watch)
    for calls in PROBE_CALLS:
        busy_s = calls * timer(calls) - empty_s
        if busy_s > BUSY_S:
            return busy_s / calls
    raise ClockError(
        f"nothing ran on the watched stream: {PROBE_CALLS[-1]} calls took it {busy_s:.2g} s more than none. "
        "The launch works on another stream, returns a stored result, or has an empty output; enqueue on "
        "torch's current stream, and do not time empty sizes"
    )


def _nothing() -> None:
    return
