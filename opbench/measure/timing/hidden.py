"""Keep the cost of launching out of a device time, and prove that it is out.

Enqueueing a small kernel costs the host more than the kernel costs the device. Events around a stream that
runs dry therefore time the host. So the stream is occupied first, everything is enqueued behind that delay,
and only then does the device begin:

    host    | delay | gate | start | launch launch launch | stop | has the device passed the gate? no
    device  [====== delay ======] gate start [launch][launch][launch] stop

If the gate has not been passed when the host is done, nothing between start and stop waited for the host. If
it has, the device may have starved: the attempt is thrown away and repeated with twice the delay.

The delay is a spin of given length, not a kernel that waits for a flag: a launch that synchronises inside
would wait for ever for a flag that the host never gets to set, and here it is merely noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from opbench.measure.timing.accelerator import Accelerator

Enqueued = TypeVar("Enqueued")

SHORTEST_DELAY_S = 200e-6
LONGEST_DELAY_S = 0.1  # 10 times what an eager network of 2,000 launches costs at 5 us each
HEADROOM = 2.0  # the delay over the time that enqueueing took last


class NotHiddenError(Exception):
    """The device began before the host had enqueued everything, even behind the longest delay."""


class HiddenQueue:
    """Runs work on the device only once all of it is enqueued."""

    def __init__(self, device: Accelerator) -> None:
        self._device = device
        self._cost_s = 0.0

    def run(self, enqueue: Callable[[int], Enqueued], calls: int) -> Enqueued:
        """What `enqueue(calls)` returned, once it was enqueued wholly behind a delay.

        `enqueue` may run several times; the device is idle before each. Raises NotHiddenError at the cap.
        """
        delay_s = min(LONGEST_DELAY_S, max(SHORTEST_DELAY_S, HEADROOM * self._cost_s * calls))
        while True:
            enqueued, hidden = self._attempt(enqueue, calls, delay_s)
            if hidden:
                return enqueued
            if delay_s >= LONGEST_DELAY_S:
                raise NotHiddenError(f"{calls} calls not hidden behind {delay_s} s")
            delay_s = min(LONGEST_DELAY_S, 2 * delay_s)

    def _attempt(self, enqueue: Callable[[int], Enqueued], calls: int, delay_s: float) -> tuple[Enqueued, bool]:
        device = self._device
        device.synchronise()
        device.occupy(delay_s)
        gate = device.mark()
        began_s = device.now_s()
        enqueued = enqueue(calls)
        spent_s = device.now_s() - began_s
        hidden = not device.reached(gate)
        if hidden:  # else part of the time was spent blocked, and says nothing about what a call costs
            self._cost_s = spent_s / calls
        return enqueued, hidden
