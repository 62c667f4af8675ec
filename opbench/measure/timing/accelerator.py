"""What the device clocks ask of a device, and torch's CUDA device answering.

The clocks never name torch: the tests drive them with a scripted device whose times are known exactly.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from opbench.errors import MachineError

FLUSH_FACTOR = 2
"""The flush writes this many times the L2, so that no replacement policy keeps an operator's line."""

CALIBRATION_CYCLES = 2_000_000  # about 1 ms at 2 GHz: long beside the 0.5 us an event resolves
CAPTURE_WARMUPS = 3  # lazy handles and workspaces belong to a stream; torch's own recipe warms up 3 times


class Accelerator(Protocol):
    """A device with streams; all work goes to the current one. Events are opaque: what `mark` returned."""

    def mark(self) -> Any:
        """Record a new event behind all work enqueued so far."""
        ...

    def reached(self, event: Any) -> bool:
        """Whether the device has passed the event; never blocks."""
        ...

    def wait(self, event: Any) -> None:
        """Block the host until the device has passed the event."""
        ...

    def elapsed_s(self, start: Any, stop: Any) -> float:
        """Device time between two events, both reached, in seconds."""
        ...

    def synchronise(self) -> None:
        """Block the host until every stream of the device is idle."""
        ...

    def occupy(self, seconds: float) -> None:
        """Enqueue a kernel that keeps the current stream busy for about that long and touches no memory."""
        ...

    def l2_bytes(self) -> int: ...

    def flush(self, factor: int = FLUSH_FACTOR) -> None:
        """Enqueue a write over `factor` times the L2, so that the next kernel finds none of its data there."""
        ...

    def capture(self, launch: Callable[[], object]) -> Callable[[], object]:
        """Warm `launch` up, record one call of it as a graph and return what enqueues that graph.

        That returns what the recorded call did, to whose memory every replay writes again. Whatever the capture raises
        is passed on, with the current stream what it was before.
        """
        ...

    def now_s(self) -> float:
        """The host's monotonic clock."""
        ...


class TorchAccelerator:
    """The current CUDA device, through torch. Raises MachineError where torch sees none."""

    def __init__(self) -> None:
        import torch  # costs a second, and listing the clocks must not

        if not torch.cuda.is_available():
            raise MachineError(
                f"this clock needs a CUDA device and torch {torch.__version__} sees none; "
                "on the CPU use the clock 'wall'"
            )
        self._torch: Any = torch  # Any: torch.cuda's stubs leave streams, events and `_sleep` untyped
        self._cycles_per_s: float | None = None
        self._scrubs: dict[int, Any] = {}

    def mark(self) -> Any:
        event = self._torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def reached(self, event: Any) -> bool:
        return bool(event.query())

    def wait(self, event: Any) -> None:
        event.synchronize()

    def elapsed_s(self, start: Any, stop: Any) -> float:
        return float(start.elapsed_time(stop)) * 1e-3

    def synchronise(self) -> None:
        self._torch.cuda.synchronize()

    def occupy(self, seconds: float) -> None:
        if self._cycles_per_s is None:
            self._cycles_per_s = self._measured_rate()
        self._spin(int(seconds * self._cycles_per_s))

    def _spin(self, cycles: int) -> None:
        self._torch.cuda._sleep(cycles)  # noqa: SLF001  # the only kernel of a chosen length torch has

    def _measured_rate(self) -> float:
        """Cycles a second of the spin kernel's counter, which runs at whatever the clock is just now.

        The largest of three: an idle device starts slow, and a rate taken too low makes delays too short.
        """
        rates = []
        for _ in range(3):
            start = self.mark()
            self._spin(CALIBRATION_CYCLES)
            stop = self.mark()
            self.wait(stop)
            rates.append(CALIBRATION_CYCLES / self.elapsed_s(start, stop))
        return max(rates)

    def l2_bytes(self) -> int:
        return int(self._torch.cuda.get_device_properties(self._torch.cuda.current_device()).L2_cache_size)

    def flush(self, factor: int = FLUSH_FACTOR) -> None:
        if factor not in self._scrubs:
            self._scrubs[factor] = self._torch.empty(factor * self.l2_bytes(), dtype=self._torch.uint8, device="cuda")
        self._scrubs[factor].zero_()

    def capture(self, launch: Callable[[], object]) -> Callable[[], object]:
        graph = self._torch.cuda.CUDAGraph()
        before, side = self._torch.cuda.current_stream(), self._torch.cuda.Stream()
        side.wait_stream(before)
        # Where ending a capture raises, `torch.cuda.graph` (torch 2.13) leaves its stream the current one;
        # the block around it is what brings ours back.
        with self._torch.cuda.stream(side), warnings.catch_warnings():
            # An empty graph is only a warning to torch. Its replays would do nothing, very fast.
            warnings.filterwarnings("error", message="The CUDA Graph is empty")
            for _ in range(CAPTURE_WARMUPS):
                launch()
            with self._torch.cuda.graph(graph, stream=side):
                output = launch()
        before.wait_stream(side)

        def replay() -> object:
            _ = launch  # the graph reads its inputs' memory, which the launch keeps alive
            graph.replay()
            return output

        return replay

    def now_s(self) -> float:
        return time.perf_counter()


@cache
def current_device() -> Accelerator:
    """One TorchAccelerator for all clocks of the process, so that they share its flush buffer."""
    return TorchAccelerator()
