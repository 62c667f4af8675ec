"""Sum up the sweep `cpu_kernels`: how far the C++ extension is ahead of torch.compile and eager.

    nox -s bench_cpu                                              (measures, about 4 minutes, then prints)
    python -m benchmarks.kernels.cpu_kernels results/cpu_kernels/RUN      (prints an earlier run)

Ratios are of medians taken interleaved in one process; [low, high] is the ratio's 95 % interval.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from opbench.store.runs import Run, latest_run
from opbench.vocabulary.interval import Interval, geometric_mean, median_interval
from opbench.vocabulary.record import Measured, Record

Table = Mapping[str, Mapping[str, Interval]]


def measure(arguments: Sequence[str]) -> Run:
    command = [sys.executable, "-m", "opbench", "sweep", "cpu_kernels", "--device", "cpu", *arguments]
    subprocess.run(command, check=True)
    at = arguments.index("--results") + 1 if "--results" in arguments else None
    return latest_run(Path(arguments[at] if at else "results"), "cpu_kernels")


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


def main() -> None:
    given = sys.argv[1:]
    run = Run(Path(given[0])) if given and Path(given[0]).is_dir() else measure(given)
    records = run.records()
    environment = records[0].environment
    print(f"{environment['device_name']}, {environment['threads']} threads, torch {environment['versions']['torch']}")
    table = medians(records, "cross_hadamard")
    for baseline in ("torch_compile", "torch_eager", "torch_select"):
        print_ratios(table, baseline)


if __name__ == "__main__":
    main()
