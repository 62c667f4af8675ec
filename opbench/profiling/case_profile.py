"""What `opbench profile` found out of one case, for the page that shows it. Everything in SI, nothing scaled."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.profiling.compile_times import CompileTimes
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.kernel_table import KernelRow
from opbench.profiling.recorded_trace import PeakMemory
from opbench.vocabulary.backend import KernelResources
from opbench.vocabulary.record import Record


@dataclass(frozen=True)
class Profile:
    """One case's profile.

    record: the case as it was measured, counted figures included.
    kernels: the longest first; empty where nothing was traced.
    calls: traced ones.
    trace: the file's name beside the page, "" where there is none.
    counted: by tools outside the process.
    resources: what the kernels take of a GPU, told by their compilers.
    refusals: a sentence for everything that was wanted and could not be had.
    """

    record: Record
    kernels: tuple[KernelRow, ...] = ()
    calls: int = 0
    trace: str = ""
    peak: PeakMemory | None = None
    counted: tuple[CounterValues, ...] = ()
    compile_times: CompileTimes | None = None
    resources: tuple[KernelResources, ...] = ()
    refusals: tuple[str, ...] = ()
