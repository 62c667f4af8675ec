"""Sum up the sweep `cpu_kernels`: how far the C++ extension is ahead, and how close to the machine's limit.

    nox -s bench_cpu                                              (measures, about 10 minutes, then prints)
    python -m benchmarks.cpu_kernels results/cpu_kernels/RUN      (prints an earlier run)

Ratios are of medians taken interleaved in one process; [low, high] is the ratio's 95 % interval.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from opbench.interval import Interval, geometric_mean, median_interval
from opbench.record import Measured, Record
from opbench.store import Run, latest_run

Table = Mapping[str, Mapping[str, Interval]]
LAST_LEVEL_CACHE = 32 << 20


def measure(arguments: Sequence[str]) -> Run:
    command = [sys.executable, "-m", "opbench", "sweep", "cpu_kernels", "--device", "cpu", *arguments]
    subprocess.run(command, check=True)
    return latest_run(Path("results"), "cpu_kernels")


def medians(records: Sequence[Record], operator: str) -> dict[str, dict[str, Interval]]:
    """By point key, then backend: the median and its interval in seconds."""
    found: dict[str, dict[str, Interval]] = {}
    for record in records:
        if record.case.point.operator == operator and isinstance(record.outcome, Measured):
            of_point = found.setdefault(str(record.case.point.axes), {})
            of_point[record.case.label] = median_interval(record.outcome.samples_s)
    return found


def print_ratios(table: Table, baseline: str) -> None:
    """baseline / cpp_ext at every shape, its geometric mean and its worst."""
    ratios = {
        axes: row[baseline].over(row["cpp_ext"]) for axes, row in table.items() if {baseline, "cpp_ext"} <= row.keys()
    }
    if not ratios:
        print(f"{baseline}: not measured beside cpp_ext")
        return
    worst = min(ratios, key=lambda axes: ratios[axes].mid)
    print(f"\n{baseline} / cpp_ext, {len(ratios)} shapes")
    for axes, ratio in ratios.items():
        print(f"  {axes:48} {ratio.mid:6.2f}  [{ratio.low:.2f}, {ratio.high:.2f}]")
    print(f"  geometric mean {geometric_mean([ratio.mid for ratio in ratios.values()]):.2f}")
    print(f"  worst          {ratios[worst].mid:.2f} at {worst}")


def print_bandwidth(records: Sequence[Record]) -> None:
    """Bytes written per second, beside the fastest fill of an output of that size in the same run."""
    fills = medians(records, "fill")
    written = {str(record.case.point.axes): record.work.bytes_written for record in records if record.work}
    print("\nwritten by cpp_ext beyond the last-level cache, beside the fastest fill of the same size")
    for axes, row in medians(records, "cross_hadamard").items():
        size = written[axes]
        ceiling = fills.get(f"kib={size >> 10}", {})
        if size <= LAST_LEVEL_CACHE or "cpp_ext" not in row or not ceiling:
            continue
        best = min(ceiling.values(), key=lambda one: one.mid)
        share = best.over(row["cpp_ext"])
        rate = size / row["cpp_ext"].mid / 1e9
        print(f"  {axes:48} {rate:5.1f} GB/s = {share.mid:4.0%}  [{share.low:.0%}, {share.high:.0%}] of fill")


def main() -> None:
    given = sys.argv[1:]
    run = Run(Path(given[0])) if given and Path(given[0]).is_dir() else measure(given)
    records = run.records()
    environment = records[0].environment
    print(f"{environment['device_name']}, {environment['threads']} threads, torch {environment['versions']['torch']}")
    table = medians(records, "cross_hadamard")
    for baseline in ("torch_compile", "torch_eager", "torch_select"):
        print_ratios(table, baseline)
    print_bandwidth(records)


if __name__ == "__main__":
    main()
