"""What Nsight Compute prints as raw CSV, as figures per call; nothing here runs anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

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


def read_kernels(text: str) -> list[dict[str, float]]:
    """Return the metrics of every kernel that was profiled, in SI, in the order launched, without those that have no
    number.

    text: lines of ncu's own before and after the table, which begin with `==`, are skipped.
    """
    lines = [line for line in text.splitlines() if line.startswith('"')]
    rows = list(csv.reader(io.StringIO("\n".join(lines))))
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
        return float(text.replace(",", ""))
    except ValueError:
        return None


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
