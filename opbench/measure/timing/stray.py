"""Catch work that runs where the events do not look: on a stream that the current one never joins.

Events see one stream. A device-wide synchronise sees them all, so once the stop event has been passed it has
nothing left to wait for, unless something else is running. How long it takes with nothing running is measured
first; noticeably longer means stray work. Interrupts of the host only ever lengthen a wait, so suspicion is
confirmed by repeating: honest work passes one of the trials, stray work fails all of them.

Caught before the first sample, with no delay queued (work that waits for nothing would run, and end, in it):
  - stray work that outlasts the watched stream, whether it starts at once or behind the watched work;
  - a launch that leaves the watched stream empty (`occupied.py`), however short its stray work;
  - stray work that slows the device down under the launch's own work: the device is then busy for much
    longer than the events of a hidden sample say.
Caught after every sample: work that outlasts it. Seen by the events themselves: streams that join the current
one and, where that is the default stream, every stream created as blocking (torch's own are not).
Not caught: stray work beside longer work of the same launch that lengthens an undelayed run by less than
half; work that another host thread enqueues later; a launch that behaves otherwise when it is not watched.
A profiler's timeline shows the first two.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from opbench.measure.timing.accelerator import Accelerator
from opbench.measure.timing.clock import ClockError

TRIALS = 3
IDLE_TRIALS = 15
UNACCOUNTED = 1.5  # clocks and memory make one run differ from the next by far less
PROBE_CALLS = (1, 16)  # one shows long stray work; sixteen let short ones pile up behind each other
SLACK_S = 20e-6  # above the jitter of a synchronise that takes a few microseconds


class StrayWatch:
    """Tells whether the device is still busy once the watched stream is done."""

    def __init__(self, device: Accelerator) -> None:
        self._device = device
        self._idle_s = median(self._lag_s(_nothing, 1) for _ in range(IDLE_TRIALS))

    def refuse(self, launch: Callable[[], object]) -> None:
        """Raise ClockError when `launch`, run with no delay before it, leaves work on another stream."""
        for calls in PROBE_CALLS:
            lag_s = self._shortest_lag_s(launch, calls)
            if self._is_stray(lag_s):
                raise stray_error(lag_s)

    def refuse_unaccounted(self, launch: Callable[[], object], call_s: float) -> None:
        """Raise ClockError when undelayed calls keep the device busy for much longer than `call_s` each.

        The host's own time is allowed on top: a stream that runs dry waits for it.
        """
        calls = PROBE_CALLS[-1]
        for _ in range(TRIALS):
            host_s, device_s = self._undelayed_s(launch, calls)
            if device_s <= UNACCOUNTED * (host_s + calls * call_s) + self._idle_s + SLACK_S:
                return
        raise ClockError(
            f"work ran on another stream: {calls} launches kept the device busy for {device_s:.2g} s, of which "
            f"their own stream accounts for {calls * call_s:.2g} s; enqueue all on torch's current stream"
        )

    def outlived(self) -> float | None:
        """Seconds the device stayed busy after an event just waited for; None when no longer than idle."""
        lag_s = self._drain_s()
        return lag_s if self._is_stray(lag_s) else None

    def _is_stray(self, lag_s: float) -> bool:
        return lag_s > self._idle_s + SLACK_S

    def _shortest_lag_s(self, launch: Callable[[], object], calls: int) -> float:
        lags_s: list[float] = []
        while len(lags_s) < TRIALS and all(map(self._is_stray, lags_s)):
            lags_s.append(self._lag_s(launch, calls))
        return min(lags_s)

    def _lag_s(self, launch: Callable[[], object], calls: int) -> float:
        self._device.synchronise()
        for _ in range(calls):
            launch()
        self._device.wait(self._device.mark())
        return self._drain_s()

    def _undelayed_s(self, launch: Callable[[], object], calls: int) -> tuple[float, float]:
        """Host seconds until all calls were enqueued, and until the device was idle again."""
        self._device.synchronise()
        began_s = self._device.now_s()
        for _ in range(calls):
            launch()
        host_s = self._device.now_s() - began_s
        self._device.synchronise()
        return host_s, self._device.now_s() - began_s

    def _drain_s(self) -> float:
        began_s = self._device.now_s()
        self._device.synchronise()
        return self._device.now_s() - began_s


def stray_error(lag_s: float) -> ClockError:
    return ClockError(
        f"work ran on another stream: the device was busy for {lag_s:.2g} s after the watched stream "
        "was done; enqueue on torch's current stream, or make that wait for the others within the launch"
    )


def _nothing() -> None:
    return
