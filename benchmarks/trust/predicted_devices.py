"""How far off a CPU's latencies are, predicted from another maker's or from another number of threads, by records here.

`python -m benchmarks.trust.predicted_devices` prints what `opbench roofline --across` prints of a merged run, for

- the tables of an AMD EPYC (9004) and an Intel Xeon (family 6, model 207), two cores each, with the ceilings that were
  measured on either. They have no splits, so that what is no work is an empty call; the EPYC's are a week older;
- runs of the sweep `channels` on that EPYC with one thread and with two, with splits.

Nothing is measured.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from opbench.ceilings import storage
from opbench.ceilings.cross_device import device_pairs
from opbench.ceilings.validation import with_limit
from opbench.store.environment_kinds import device_text
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Measured, Record
from opbench.vocabulary.work import Work
from reports.terminal.cross_device_table import cross_device_table

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
EPYC, XEON = REFERENCE / "epyc9004-2core", REFERENCE / "xeon207-2core"
TABLE, CEILINGS = "cpu_kernels.csv", "ceilings.json"
RUNS = ("limits_1_thread", "limits_2_threads")

AXES = ("batch", "channels", "edge", "selected")
WORK = ("macs", "products", "elementwise", "bytes_read", "bytes_written")


def table_of(machine: Path) -> Iterator[Record]:
    """Every measured row, with its limit; its samples are the median and the ends of its interval."""
    ceilings = storage.read(machine / CEILINGS)
    with (machine / TABLE).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["outcome"] == "measured":
                yield with_limit(_record(row, ceilings.environment), ceilings)


def _record(row: Mapping[str, str], environment: Mapping[str, object]) -> Record:
    axes = Axes({name: int(row[name]) for name in AXES})
    point = Point(row["operator"], axes, row["dtype"], row["device"], row["mode"], row["clock"])
    samples = tuple(float(row[name]) for name in ("low_s", "median_s", "high_s"))
    passed = Check(True, 1, 0, float(row["max_abs_error"]), float(row["max_rel_error"]), 0.0, 0.0)
    outcome = Measured(passed, samples, int(row["calls_per_sample"]), row["stopped"], 0.0, 0, 0.0, 0.0)
    work = Work(*(int(row[name]) for name in WORK))
    return Record(Case(point, row["backend"]), outcome, environment, row["revision"], row["started"], work)


def told_apart(records: Iterable[Record]) -> Iterator[Record]:
    """Under the name of their machine, as a merged run has them."""
    for record in records:
        point = replace(record.case.point, device=f"cpu ({device_text(record.environment)})")
        yield replace(record, case=replace(record.case, point=point))


def main() -> None:
    console = Console(highlight=False, width=120)
    makers = [record for machine in (EPYC, XEON) for record in table_of(machine)]
    threads = [record for name in RUNS for record in Run(EPYC / name).records()]
    for records in (makers, threads):
        console.print(cross_device_table(device_pairs(told_apart(records))))


if __name__ == "__main__":
    main()
