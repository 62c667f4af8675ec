"""One sample of a device clock: a burst of calls behind a delay, proven hidden, proven alone on the device.

Two quantities, never mixed:
  - warm: calls back to back between two events. One more call goes before the first event, so that the first
    timed call too finds the cache as its predecessor left it, whatever ran on the device before the sample.
  - cold: before each call the L2 is overwritten, and each call has its own two events. The flush leaves the
    L2 full of dirty lines; writing those back is part of what a cold call pays.
A cold call's figure contains the device's own cost of an event pair, which in a warm sample is spread
over all calls. Neither is subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from opbench.measure.timing.accelerator import FLUSH_FACTOR, Accelerator
from opbench.measure.timing.clock import ClockError
from opbench.measure.timing.hidden import LONGEST_DELAY_S, HiddenQueue, NotHiddenError
from opbench.measure.timing.stray import TRIALS, StrayWatch, stray_error

Call: TypeAlias = "Callable[[], object]"
Spans: TypeAlias = list[tuple[Any, Any]]
Pattern: TypeAlias = "Callable[[Accelerator, Call, int], Spans]"

# A stream took about 1,000 pending kernels where this was measured (CUDA 10), then blocks the host. A call
# may enqueue several; where 128 calls are too many, the burst is halved.
LONGEST_BURST = 128


def warm(device: Accelerator, call: Call, calls: int) -> Spans:
    call()
    start = device.mark()
    for _ in range(calls):
        call()
    return [(start, device.mark())]


def cold(device: Accelerator, call: Call, calls: int, factor: int = FLUSH_FACTOR) -> Spans:
    """factor: how many times the L2 is written before each call."""
    spans = []
    for _ in range(calls):
        device.flush(factor)
        start = device.mark()
        call()
        spans.append((start, device.mark()))
    return spans


def pattern(name: str, device: Accelerator) -> Pattern:
    """The pattern of a clock's full name. Raises ClockError for cold where the L2's size is unknown."""
    if not name.endswith(":cold"):
        return warm
    if device.l2_bytes() <= 0:
        raise ClockError(
            f"{name} cannot empty the L2: the device gives its size as {device.l2_bytes()} bytes; use "
            f"{name.removesuffix('cold')}warm"
        )
    return cold


class DeviceTimer:
    """Seconds per call of `call`, sampled in one pattern. A Timer. reuses: as a Timer's; so in a graph.

    Raises ClockError when a sample cannot be vouched for: not hidden even one call at a time, or work that
    outlived the watched stream.
    """

    def __init__(
        self, device: Accelerator, call: Call, pattern: Pattern, watch: StrayWatch, *, reuses: bool = False
    ) -> None:
        self._device = device
        self.call, self.reuses = call, reuses
        self.output: object = None
        self._pattern = pattern
        self._watch = watch
        self._queue = HiddenQueue(device)
        self._burst = LONGEST_BURST

    def __call__(self, calls: int) -> float:
        return sum(self.spans_s(calls)) / calls

    def spans_s(self, calls: int, busy: Callable[[], object] | None = None) -> list[float]:
        """Seconds between the events around that many calls: one figure a call when cold, one a burst when warm.

        busy: called while the device works on the last burst, everything enqueued and the delay proven long enough.
        """
        spans_s: list[float] = []
        left = calls
        while left:
            burst = min(left, self._burst)
            try:
                spans_s += self._burst_s(burst, busy if burst == left else None)
            except NotHiddenError as exc:
                if burst == 1:
                    raise _not_hidden() from exc
                self._burst = burst // 2  # a full queue blocks the host whatever the delay
            else:
                left -= burst
        return spans_s

    def _keeping(self) -> None:
        """Lets go of the output before first, so that every call finds the memory that it would find if none were kept.

        Only the host pays for this, and its cost is hidden.
        """
        self.output = None
        self.output = self.call()

    def _burst_s(self, calls: int, busy: Callable[[], object] | None) -> list[float]:
        lag_s = None
        for _ in range(TRIALS):
            spans = self._queue.run(lambda n: self._pattern(self._device, self._keeping, n), calls)
            if busy is not None:
                busy()
            self._device.wait(spans[-1][1])
            lag_s = self._watch.outlived()
            if lag_s is None:
                return [self._device.elapsed_s(start, stop) for start, stop in spans]
        raise stray_error(lag_s or 0.0)


def _not_hidden() -> ClockError:
    return ClockError(
        f"the launch cannot be enqueued ahead of the device: with its stream busy for {LONGEST_DELAY_S} s, "
        "one call had still not returned when that ended. Most likely it synchronises inside (.item(), "
        ".cpu(), nonzero, memory from the driver): take that out; else it enqueues more kernels than a "
        "stream holds: time it with the clock 'cuda_graph:warm'"
    )
