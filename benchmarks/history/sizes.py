"""What a large history costs: adding a run, reading, searching for steps, and writing the site; seconds and memory.

    python -m benchmarks.history.sizes [--cases 2000] [--machines 2] [--commits 50] [--processes 5] [--keep DIR]

The peak is that of reading and writing the site where `--keep` names a history that is there. A case in 20 steps by 8 %
halfway; processes of one commit differ by 1 %.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from opbench.history import aliases, files
from opbench.history.row import HistoryRow
from opbench.history.series import series_of
from tests.opbench.history.builders import BEGIN, ROW

STEPS_IN = 20


def rows(machine: int, commit: int, process: int, cases: int, commits: int) -> Iterator[HistoryRow]:
    """One run: every case once."""
    draw = np.random.default_rng([machine, commit, process])
    factors = np.exp(draw.normal(0, 0.01, cases))
    started = BEGIN + timedelta(hours=commit, minutes=process)
    facts = json.dumps({"versions.torch": "2.12.0" if commit < commits // 3 else "2.13.0"})
    for case in range(cases):
        seconds = 1e-5 * (1 + case % 97) * factors[case]
        if case % STEPS_IN == 0 and commit >= commits // 2:
            seconds *= 1.08
        yield replace(
            ROW,
            case=f"rowsum/float32/cpu/forward/wall/batch=1,channels={case}/eager",
            axes=f'{{"batch": 1, "channels": {case}}}',
            machine=f"ci-{machine}@{machine:06x}",
            environment=f"{int(commit >= commits // 3):012x}",
            facts=facts,
            commit=f"{commit:012x}",
            commit_time=started,
            run=f"channels/{started:%Y-%m-%dT%H-%M-%SZ}",
            started=started,
            median_s=seconds,
            low_s=0.99 * seconds,
            high_s=1.01 * seconds,
        )


def fill(folder: Path, asked: argparse.Namespace) -> list[float]:
    """Write the files; seconds of each addition."""
    took = []
    for machine in range(asked.machines):
        for commit in range(asked.commits):
            for process in range(asked.processes):
                made = list(rows(machine, commit, process, asked.cases, asked.commits))
                began = time.perf_counter()
                files.add(folder, made)
                took.append(time.perf_counter() - began)
    return took


class Stopwatch:
    """`told()` says how long it was since the last time, by the clock and by the processor."""

    def __init__(self) -> None:
        self._began = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def told(self) -> str:
        before, self._began = self._began, self._now()
        wall, worked = (now - then for now, then in zip(self._began, before, strict=True))
        return f"{wall:.2f} s ({worked:.2f} of a processor)"


def report(folder: Path, site: Path) -> None:
    watch = Stopwatch()
    history = files.read(folder)
    print(f"{history.table.num_rows:,} rows read in {watch.told()}")
    every = list(series_of(history.table, aliases=aliases.read(folder)))
    print(f"grouped into {len(every):,} series in {watch.told()}")
    print(f"{sum(len(series.steps) for series in every)} steps found in {watch.told()}")
    del history, every
    from reports.history.static_site import write_site

    watch = Stopwatch()
    written = write_site(folder, site)
    sizes = sorted(path.stat().st_size for path in site.rglob("*.html"))
    print(f"site from the files in {watch.told()}: {len(sizes):,} pages, {sum(sizes) / 1e6:.0f} MB, ", end="")
    print(f"largest case {sizes[-2] / 1e3:.0f} kB, front page {written.page.stat().st_size / 1e3:.0f} kB")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history.sizes")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--machines", type=int, default=2)
    parser.add_argument("--commits", type=int, default=50)
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a history of before is used again, a new one stays here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opbench-history-") as temporary:
        folder = asked.keep or Path(temporary) / "history"
        if not folder.is_dir():
            took = fill(folder, asked)
            print(
                f"{len(took)} runs of {asked.cases} rows added: {np.median(took):.3f} s each, {max(took):.3f} at most"
            )
        report(folder, Path(temporary) / "site")


if __name__ == "__main__":
    main()
