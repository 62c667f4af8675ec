"""What `opbench profile` found out of one case, for the page that shows it. Everything in SI, nothing scaled."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.backend import KernelResources
from opbench.profiling.compiling import CompileTimes
from opbench.profiling.counted import Counted
from opbench.record import Record


@dataclass(frozen=True)
class KernelRow:
    """One kernel, on a CPU one operator, of one call of the launch.

    calls: per launch. seconds: of one of them, on a CPU its self time. share: of the launch, on a GPU of the time that
    the device works. bytes_per_s, of_limit: the least bytes that the case moves over `seconds`, and the least time it
    can take on this machine over `seconds`, where this row alone does the work.
    """

    name: str
    kind: str
    calls: float
    seconds: float
    share: float
    grid: str = ""
    block: str = ""
    registers: int | None = None
    shared_bytes: int | None = None
    bytes_per_s: float | None = None
    of_limit: float | None = None


@dataclass(frozen=True)
class PeakMemory:
    """Bytes above what was there before one call: of the framework's allocator, and of the whole process (on a GPU the
    allocator's alone). None where nobody says.
    """

    allocated_bytes: int | None
    process_bytes: int | None = None


@dataclass(frozen=True)
class Profile:
    """record: the case as it was measured, counted figures included.

    kernels: the longest first; empty where nothing was traced. calls: traced ones. trace: the file's name beside the
    page, "" where there is none. resources: what the kernels take of a GPU, told by their compilers. refusals: a
    sentence for everything that was wanted and could not be had.
    """

    record: Record
    kernels: tuple[KernelRow, ...] = ()
    calls: int = 0
    trace: str = ""
    peak: PeakMemory | None = None
    counted: tuple[Counted, ...] = ()
    compile_times: CompileTimes | None = None
    resources: tuple[KernelResources, ...] = ()
    refusals: tuple[str, ...] = ()
