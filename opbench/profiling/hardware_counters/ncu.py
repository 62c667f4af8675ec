"""Counts what a case's GPU kernels move and wait for, with NVIDIA Nsight Compute (`ncu`); reads its CSV."""

from __future__ import annotations

import csv
import io
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from opbench.errors import MachineError
from opbench.profiling.hardware_counters.counter_values import CounterValues
from opbench.profiling.target.request import TargetRequest, range_name
from opbench.profiling.target.spawn import run_target, scratch_folder
from opbench.vocabulary.case import Case

CALLS = 3
"""Every kernel is run several times over for each, so few; more than one shows that they are alike."""

INSTALLED = ("/usr/local/cuda*/bin/ncu", "/opt/nvidia/nsight-compute/*/ncu")
"""Where NVIDIA's packages put it; the last in alphabetical order is the newest."""

NOTE = (
    "each kernel began with empty caches and the GPU's clocks were left free; "
    "output still in the L2 cache at a kernel's end is not in its DRAM bytes"
)

TIME = "gpu__time_duration.sum"
OCCUPANCY = "sm__warps_active.avg.pct_of_peak_sustained_active"

SUMMED_METRICS = {
    "dram__bytes_read.sum": "ncu_dram_read_bytes",
    "dram__bytes_write.sum": "ncu_dram_written_bytes",
    "lts__t_bytes.sum": "ncu_l2_bytes",
    TIME: "ncu_duration_s",
}
"""Metrics that add up over the kernels of a call, and our figures for them."""

LAUNCH_METRICS = {
    "launch__registers_per_thread": "ncu_registers_per_thread",
    "launch__shared_mem_per_block": "ncu_shared_bytes_per_block",
    "launch__grid_size": "ncu_blocks",
    "launch__block_size": "ncu_threads_per_block",
}
"""Metrics of a launch, which nothing adds up: those of the kernel that takes longest."""

_STALL_REASONS = """
    barrier branch_resolving dispatch_stall drain imc_miss lg_throttle long_scoreboard math_pipe_throttle membar
    mio_throttle misc no_instruction not_selected short_scoreboard sleeping tex_throttle wait"""
STALL_METRICS = {
    f"smsp__average_warps_issue_stalled_{reason}_per_issue_active.ratio": f"ncu_stall_{reason}"
    for reason in _STALL_REASONS.split()
}
"""Warps that wait for this reason, on average, whenever an instruction is issued; as ncu's WarpStateStats has them."""

MAX_STALLS = 5
"""Reasons that are told; the others are small beside them."""

METRICS = (*SUMMED_METRICS, OCCUPANCY, *LAUNCH_METRICS, *STALL_METRICS)

UNIT_SCALES = (
    {"byte": 1.0, "Kbyte": 1e3, "Mbyte": 1e6, "Gbyte": 1e9, "Tbyte": 1e12, "byte/block": 1.0, "Kbyte/block": 1e3}
    | {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "nsecond": 1e-9, "usecond": 1e-6, "msecond": 1e-3, "second": 1.0}
    | {"%": 1e-2}
)
"""To SI, by the unit in ncu's second row. It is asked for base units, and says what it gave."""


def count_with_ncu(case: Case, time_limit_s: float, threads: int = 0) -> CounterValues:
    """Count bytes to and from memory and L2 cache, duration, occupancy, launch and the top reasons to stall, per call.

    Only kernels of the calls are profiled, one at a time: preparing and warming up are not in the figures.
    Raises MachineError, in one line, for a case on the CPU, where ncu is missing, may not count, or matched no kernel,
    where the case cannot run here, and when it takes longer than time_limit_s seconds.
    """
    if case.point.device != "cuda":
        raise MachineError(f"ncu counts GPU kernels, and this case runs on {case.point.device}; ask perf, or for cuda")
    ncu = find_ncu(os.environ)
    if ncu is None:
        raise MachineError(
            "ncu (Nsight Compute) is neither on the PATH nor under CUDA_HOME or /usr/local/cuda*; install the CUDA "
            "toolkit or nsight-compute (developer.nvidia.com/nsight-compute)"
        )
    with scratch_folder() as folder:
        request = TargetRequest(case, folder, calls=CALLS, region="cuda", threads=threads)
        # ncu separates thousands as the locale does: in C as its base units do, not at all or by commas.
        target = run_target(request, time_limit_s, ncu_command(ncu, case, folder), {"LC_ALL": "C"})
        log_file = folder / "log"
        log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else ""
        kernels = read_kernels(log)
        if not kernels and (reason := ncu_refusal(log + target.output)):
            raise MachineError(reason)
        calls = target.calls_or_raise("ncu")
    if not kernels:
        raise MachineError(f"ncu matched no kernel in the calls of {case.backend}: it starts none, or ncu saw no range")
    return CounterValues("ncu", figures_per_call(kernels, calls), (NOTE, *missing_notes(kernels)))


def find_ncu(environment: Mapping[str, str]) -> str | None:
    """Find it on the PATH, else in the toolkit that CUDA_HOME or CUDA_PATH names, else the newest installed."""
    if on_path := shutil.which("ncu", path=environment.get("PATH")):
        return on_path
    toolkits = [environment[name] for name in ("CUDA_HOME", "CUDA_PATH") if environment.get(name)]
    in_toolkits = [Path(toolkit) / "bin" / "ncu" for toolkit in toolkits]
    installed = [path for pattern in INSTALLED for path in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    return next((str(path) for path in (*in_toolkits, *installed) if path.exists()), None)


def ncu_command(ncu: str, case: Case, folder: Path) -> list[str]:
    """Return the words before the program's. The range is one that begins and ends, of all threads, not of a stack."""
    region = ["--profile-from-start", "off", "--nvtx", "--nvtx-include", range_name(case)]
    output = ["--csv", "--page", "raw", "--print-units", "base", "--log-file", str(folder / "log")]
    left_alone = ["--clock-control", "none", "--target-processes", "all"]
    return [ncu, *region, *output, *left_alone, "--metrics", ",".join(METRICS)]


def ncu_refusal(output: str) -> str | None:
    """Return what ncu's complaint means and what to do about it, or None where it has none of those that we know."""
    if "ERR_NVGPUCTRPERM" in output:
        return (
            "ncu may not read the GPU's counters (ERR_NVGPUCTRPERM): run as root, in a container with --cap-add "
            "SYS_ADMIN, or load the driver with NVreg_RestrictProfilingToAdminUsers=0"
        )
    lines = [line.strip() for line in output.splitlines()]
    errors = [line.removeprefix("==ERROR==").strip() for line in lines if line.startswith("==ERROR==")]
    # The case's own failure, as ncu tells it, is left out: the answer says more.
    of_ncu = [error for error in errors if "returned an error code" not in error]
    return f"ncu: {of_ncu[0]}" if of_ncu else None


def read_kernels(text: str) -> list[dict[str, float]]:
    """Return the metrics of every kernel that was profiled, in SI, in the order launched, without those that have no
    number.

    text: lines of ncu's own before and after the table, which begin with `==`, are skipped. Raises MachineError for a
    table that is none.
    """
    lines = [line for line in text.splitlines() if line.startswith('"')]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines))))
    except csv.Error as exc:
        raise MachineError(f"ncu: its table cannot be read ({exc!s:.200})") from exc
    if len(rows) < 3 or "Kernel Name" not in rows[0]:
        return []
    return [_metrics(rows[0], rows[1], row) for row in rows[2:]]


def _metrics(names: Sequence[str], units: Sequence[str], row: Sequence[str]) -> dict[str, float]:
    return {
        name: number * UNIT_SCALES.get(unit, 1.0)
        for name, unit, value in zip(names, units, row, strict=False)
        if name in METRICS and (number := _number(value)) is not None
    }


def _number(text: str) -> float | None:
    """None for what ncu could not measure: nothing, `n/a` and the like."""
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def figures_per_call(kernels: Sequence[Mapping[str, float]], calls: int) -> dict[str, float]:
    """Return sums over a call's kernels, means weighted by the kernels' durations, the longest kernel's launch."""
    sums = {figure: _sum(kernels, metric) for metric, figure in SUMMED_METRICS.items()}
    figures = {figure: total / calls for figure, total in sums.items() if total is not None}
    if {"ncu_dram_read_bytes", "ncu_dram_written_bytes"} <= figures.keys():
        figures["ncu_dram_bytes"] = figures["ncu_dram_read_bytes"] + figures["ncu_dram_written_bytes"]
    figures["ncu_kernels"] = len(kernels) / calls
    if (occupancy := _mean(kernels, OCCUPANCY)) is not None:
        figures["ncu_achieved_occupancy"] = occupancy
    longest = max(kernels, key=lambda kernel: kernel.get(TIME, 0.0))
    figures |= {figure: longest[metric] for metric, figure in LAUNCH_METRICS.items() if metric in longest}
    return figures | _top_stalls(kernels)


def _top_stalls(kernels: Sequence[Mapping[str, float]]) -> dict[str, float]:
    means = {figure: mean for metric, figure in STALL_METRICS.items() if (mean := _mean(kernels, metric))}
    ranked = sorted(means.items(), key=lambda stall: stall[1], reverse=True)
    return dict(ranked[:MAX_STALLS])


def _sum(kernels: Sequence[Mapping[str, float]], metric: str) -> float | None:
    """None unless every kernel has it: a part of a sum is no sum."""
    values = [kernel[metric] for kernel in kernels if metric in kernel]
    return sum(values) if values and len(values) == len(kernels) else None


def _mean(kernels: Sequence[Mapping[str, float]], metric: str) -> float | None:
    """Weighted by duration, over the kernels that have both."""
    weighted = [(kernel[metric], kernel[TIME]) for kernel in kernels if metric in kernel and TIME in kernel]
    total = sum(weight for _, weight in weighted)
    return sum(value * weight for value, weight in weighted) / total if total else None


def missing_notes(kernels: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """Return a note on the metrics that not every kernel has a number for; none where there are no such."""
    missing = [name for name in METRICS if any(name not in kernel for kernel in kernels)]
    return (f"not measured for every kernel on this GPU: {', '.join(missing)}",) if missing else ()
