"""What Nsight Compute prints as raw CSV, as figures per call; nothing here runs anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

TIME = "gpu__time_duration.sum"
OCCUPANCY = "sm__warps_active.avg.pct_of_peak_sustained_active"

SUMMED = {
    "dram__bytes_read.sum": "ncu_dram_read_bytes",
    "dram__bytes_write.sum": "ncu_dram_written_bytes",
    "lts__t_bytes.sum": "ncu_l2_bytes",
    TIME: "ncu_duration_s",
}
"""Metrics that add up over the kernels of a call, and our figures for them."""

OF_LAUNCH = {
    "launch__registers_per_thread": "ncu_registers_per_thread",
    "launch__shared_mem_per_block": "ncu_shared_bytes_per_block",
    "launch__grid_size": "ncu_blocks",
    "launch__block_size": "ncu_threads_per_block",
}
"""Metrics of a launch, which nothing adds up: those of the kernel that takes longest."""

REASONS = (
    "barrier",
    "branch_resolving",
    "dispatch_stall",
    "drain",
    "imc_miss",
    "lg_throttle",
    "long_scoreboard",
    "math_pipe_throttle",
    "membar",
    "mio_throttle",
    "misc",
    "no_instruction",
    "not_selected",
    "short_scoreboard",
    "sleeping",
    "tex_throttle",
    "wait",
)
STALLS = {f"smsp__average_warps_issue_stalled_{one}_per_issue_active.ratio": f"ncu_stall_{one}" for one in REASONS}
"""Warps that wait for this reason, on average, whenever an instruction is issued; as ncu's WarpStateStats has them."""

TOP = 5
"""Reasons that are told; the others are small beside them."""

METRICS = (*SUMMED, OCCUPANCY, *OF_LAUNCH, *STALLS)

SCALES = {
    "byte": 1.0,
    "Kbyte": 1e3,
    "Mbyte": 1e6,
    "Gbyte": 1e9,
    "Tbyte": 1e12,
    "ns": 1e-9,
    "nsecond": 1e-9,
    "us": 1e-6,
    "usecond": 1e-6,
    "ms": 1e-3,
    "msecond": 1e-3,
    "s": 1.0,
    "second": 1.0,
    "byte/block": 1.0,
    "Kbyte/block": 1e3,
    "%": 1e-2,
}
"""To SI, by the unit in ncu's second row. It is asked for base units, and says what it gave."""


def kernels_of(text: str) -> list[dict[str, float]]:
    """The metrics of every kernel that was profiled, in SI, in the order launched; those without a number left out.

    text: lines of ncu's own before and after the table, which begin with `==`, are skipped.
    """
    lines = [line for line in text.splitlines() if line.startswith('"')]
    rows = list(csv.reader(io.StringIO("\n".join(lines))))
    if len(rows) < 3 or "Kernel Name" not in rows[0]:
        return []
    return [_numbers(rows[0], rows[1], row) for row in rows[2:]]


def _numbers(names: Sequence[str], units: Sequence[str], row: Sequence[str]) -> dict[str, float]:
    found = {}
    for name, unit, value in zip(names, units, row, strict=False):
        if name in METRICS and (number := _number(value)) is not None:
            found[name] = number * SCALES.get(unit, 1.0)
    return found


def _number(text: str) -> float | None:
    """None for what ncu could not measure: nothing, `n/a` and the like."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def figures(kernels: Sequence[Mapping[str, float]], calls: int) -> dict[str, float]:
    """Per call: sums over its kernels, means weighted by the kernels' durations, the longest kernel's launch."""
    found = {figure: total / calls for metric, figure in SUMMED.items() if (total := _sum(kernels, metric)) is not None}
    if {"ncu_dram_read_bytes", "ncu_dram_written_bytes"} <= found.keys():
        found["ncu_dram_bytes"] = found["ncu_dram_read_bytes"] + found["ncu_dram_written_bytes"]
    found["ncu_kernels"] = len(kernels) / calls
    if (occupancy := _mean(kernels, OCCUPANCY)) is not None:
        found["ncu_achieved_occupancy"] = occupancy
    longest = max(kernels, key=lambda one: one.get(TIME, 0.0))
    found |= {figure: longest[metric] for metric, figure in OF_LAUNCH.items() if metric in longest}
    return found | _top_stalls(kernels)


def _top_stalls(kernels: Sequence[Mapping[str, float]]) -> dict[str, float]:
    means = {figure: mean for metric, figure in STALLS.items() if (mean := _mean(kernels, metric))}
    by_size: Callable[[str], float] = means.__getitem__
    return {name: means[name] for name in sorted(means, key=by_size, reverse=True)[:TOP]}


def _sum(kernels: Sequence[Mapping[str, float]], metric: str) -> float | None:
    """None unless every kernel has it: a part of a sum is no sum."""
    values = [one[metric] for one in kernels if metric in one]
    return sum(values) if values and len(values) == len(kernels) else None


def _mean(kernels: Sequence[Mapping[str, float]], metric: str) -> float | None:
    """Weighted by duration, over the kernels that have both."""
    weighed = [(one[metric], one[TIME]) for one in kernels if metric in one and TIME in one]
    total = sum(weight for _, weight in weighed)
    return sum(value * weight for value, weight in weighed) / total if total else None


def missing(kernels: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """A note on the metrics that not every kernel has a number for."""
    lacking = [name for name in METRICS if any(name not in one for one in kernels)]
    return (f"not measured for every kernel on this GPU: {', '.join(lacking)}",) if lacking else ()
