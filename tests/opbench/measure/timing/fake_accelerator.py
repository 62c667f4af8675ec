"""A device whose every time is written down: a host clock, streams that are queues, and a one-entry L2.

Host and device share one virtual time axis in seconds. Work enqueued on a stream begins once the host has
enqueued it and the stream is free, so a stream that runs dry waits for the host, as a real one does.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from opbench.measure.timing.accelerator import FLUSH_FACTOR

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

MAIN = "main"
MARK_S, WAIT_S, SYNCHRONISE_S, REPLAY_S = 1e-6, 2e-6, 3e-6, 6e-6  # what the host pays
FLUSH_S = 30e-6  # what the device pays


@dataclass(frozen=True)
class Kernel:
    """Device work: `cold_s` (default: `warm_s`) when another kernel or a flush had the L2 since its last run.

    On another stream it begins at once, or with `forked` only after all that is enqueued on the main one.
    """

    warm_s: float = 5e-6
    cold_s: float | None = None
    stream: str = MAIN
    forked: bool = False


@dataclass
class FakeAccelerator:
    """An Accelerator.

    depth: entries a stream holds. shared: kernels of other streams take their time away from the main one's
    (but not from a delay). event_s: what recording an event costs the device. hiccups: extra seconds of the
    coming synchronises. flush_factors: what each flush was asked to write, in sizes of the L2.
    """

    depth: int = 1000
    shared: bool = False
    l2: int = 50_000_000
    event_s: float = 0.0
    hiccups: deque[float] = field(default_factory=deque)
    host_s: float = 0.0
    flush_factors: list[int] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    _free_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _begins_s: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _delayed_s: float = 0.0
    _cached: Kernel | None = None
    _graph: list[Kernel] | None = None

    def run(self, kernel: Kernel) -> None:
        if self._graph is not None and kernel.stream == MAIN:
            self._graph.append(kernel)
        else:
            self._enqueue(kernel.stream, self._duration_s(kernel), forked=kernel.forked)

    def _duration_s(self, kernel: Kernel) -> float:
        if kernel.stream != MAIN or kernel.cold_s is None:
            return kernel.warm_s
        found, self._cached = self._cached is kernel, kernel
        return kernel.warm_s if found else kernel.cold_s

    def _enqueue(self, stream: str, seconds: float, *, forked: bool = False) -> None:
        waiting = self._begins_s[stream]
        while waiting and (waiting[0] <= self.host_s or len(waiting) >= self.depth):
            self.host_s = max(self.host_s, waiting.popleft())  # a full queue blocks the host
        after_s = self._free_s[MAIN] if forked else 0.0
        begin_s = max(self.host_s, self._free_s[stream], after_s)
        self._free_s[stream] = begin_s + seconds
        if self.shared and stream != MAIN and self._delayed_s <= begin_s < self._free_s[MAIN]:
            self._free_s[MAIN] += seconds
        waiting.append(begin_s)

    def mark(self) -> float:
        self.host_s += MARK_S
        self._free_s[MAIN] = max(self.host_s, self._free_s[MAIN]) + self.event_s
        return self._free_s[MAIN]

    def reached(self, event: float) -> bool:
        return event <= self.host_s

    def wait(self, event: float) -> None:
        self.host_s = max(self.host_s, event) + WAIT_S

    def elapsed_s(self, start: float, stop: float) -> float:
        assert self.reached(stop), "elapsed time of an event that is not reached"
        return stop - start

    def synchronise(self) -> None:
        if self._graph is not None:
            raise RuntimeError("operation not permitted when stream is capturing")
        extra_s = self.hiccups.popleft() if self.hiccups else 0.0
        self.host_s = max(self.host_s, *self._free_s.values(), 0.0) + SYNCHRONISE_S + extra_s

    def occupy(self, seconds: float) -> None:
        self.delays_s.append(seconds)
        self._enqueue(MAIN, seconds)
        self._delayed_s = self._free_s[MAIN]

    def l2_bytes(self) -> int:
        return self.l2

    @property
    def flushes(self) -> int:
        return len(self.flush_factors)

    def flush(self, factor: int = FLUSH_FACTOR) -> None:
        self.flush_factors.append(factor)
        self._cached = None
        self._enqueue(MAIN, FLUSH_S)

    def capture(self, launch: Callable[[], object]) -> Callable[[], object]:
        launch()
        self._graph = graph = list[Kernel]()
        try:
            output = launch()
        finally:
            self._graph = None
        compute = launch.compute if isinstance(launch, FakeLaunch) else None

        def replay() -> object:
            self.host_s += REPLAY_S
            if graph:
                self._enqueue(MAIN, sum(map(self._duration_s, graph)))
            if compute is not None:
                cast("torch.Tensor", output).copy_(compute())  # what its kernels do to the memory they were given
            return output

        return replay

    def now_s(self) -> float:
        return self.host_s


@dataclass
class FakeLaunch:
    """A launch that costs the host `host_s` and enqueues the kernels; `calls` counts how often it ran.

    compute: what its kernels do, for tests that look at outputs; done at once, whatever the time on the device.
    """

    device: FakeAccelerator
    kernels: list[Kernel]
    host_s: float = 4e-6
    synchronises: bool = False
    calls: int = 0
    compute: Callable[[], torch.Tensor] | None = None

    def __call__(self) -> torch.Tensor:
        self.calls += 1
        self.device.host_s += self.host_s
        for kernel in self.kernels:
            self.device.run(kernel)
        if self.synchronises:
            self.device.synchronise()
        return cast("torch.Tensor", None) if self.compute is None else self.compute()
