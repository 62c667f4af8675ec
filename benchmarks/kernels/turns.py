"""Calls that take turns sample by sample in one process, by the wall's clock or by the processor's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from opbench.vocabulary.interval import Interval


class ProcessorClock:
    """As `WallClock`, of this process's processor; its counter steps by a microsecond, so samples are longer.

    Other work on the machine lengthens its seconds less than the wall's: caches and the other thread of a core are
    still shared. With several threads it is their sum.
    """

    name = "processor"
    sample_target_s = 5e-3
    max_calls = 1 << 20

    def timer(self, launch: Callable[[], Tensor]) -> ProcessorTimer:
        return ProcessorTimer(launch)


class ProcessorTimer:
    """Seconds of a call; `output` is what the last one returned."""

    reuses = False

    def __init__(self, launch: Callable[[], Tensor]) -> None:
        self.call = launch
        self.output: Tensor | None = None

    def __call__(self, calls: int) -> float:
        self.output, start = None, process_time()
        for _ in range(calls):
            self.output = self.call()
        return (process_time() - start) / calls


def timed(made: Mapping[str, Callable[[], Tensor]], *, processor: bool = False) -> Mapping[str, Interval]:
    """Medians in seconds, to 2 % or for 1.5 s each. processor: by `ProcessorClock`."""
    from opbench.measure.timing.sampler import measure
    from opbench.measure.timing.stopping import Precision
    from opbench.measure.timing.wall import WallClock
    from opbench.vocabulary.interval import median_interval

    clock = ProcessorClock() if processor else WallClock()
    found = measure(made, clock, lambda: Precision(target=0.02, budget_s=1.5))
    return {name: median_interval(samples.samples_s) for name, samples in found.items()}
