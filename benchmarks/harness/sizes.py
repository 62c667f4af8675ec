"""What large runs take: seconds and peak memory to list, read, resume and report them, and until a sweep begins.

python -m benchmarks.harness.sizes [--records 200000] [--samples 250] [--cases 1000000]

The records are made up, of as many samples as a latency has on average (252 over 66 cases of the reference run), and
one in a hundred is unavailable. Every figure is of a process of its own, its imports included, but for the last: that
is from the imports to the first point that the measuring process is asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from opbench import catalog
from opbench.commands.sweep import run as sweep
from opbench.commands.sweep.options import SweepOptions
from opbench.planning.plan import Plan, plan
from opbench.running.runner import Runner
from opbench.store.codec import point_to_json, to_line
from opbench.store.environment_lines import environment_id, environment_line
from opbench.store.runs import Run, new_run
from opbench.store.sealing import sealed
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Check, Measured, Outcome, Record, Unavailable
from opbench.vocabulary.sweep import Narrowing
from opbench.vocabulary.work import Work

SWEEP, OPERATOR = "channels", "cross_hadamard"
BACKENDS = ("cpp_ext", "torch_compile", "torch_eager", "torch_select")
CHANNELS, EDGES = tuple(range(2, 102)), tuple(range(7, 17))
KINDS = 100
"""Outcomes that differ, which the cases take turns at."""

ENVIRONMENT = {"device": "cpu", "device_name": "a processor", "threads": 2, "versions": {"torch": "2.13.0"}}


def narrowing(cases: int) -> Narrowing:
    batches = -(-cases // (len(BACKENDS) * len(CHANNELS) * len(EDGES)))
    axes = {"batch": tuple(range(1, batches + 1)), "channels": CHANNELS, "edge": EDGES}
    return Narrowing(axes=axes, operators=(OPERATOR,), backends=BACKENDS)


def planned(cases: int) -> Plan:
    return plan(catalog.sweep(SWEEP).narrowed(narrowing(cases)), "cpu", "wall")


def outcomes(samples: int) -> Iterator[Outcome]:
    drawn = random.Random(7)  # noqa: S311  (made-up latencies)
    yield Unavailable("made up")
    for _ in range(KINDS - 1):
        middle = drawn.uniform(1e-5, 1e-3)
        times = tuple(middle * drawn.lognormvariate(0, 0.02) for _ in range(samples))
        check = Check(True, 4704, 0, drawn.uniform(1e-8, 1e-7), drawn.uniform(1e-8, 1e-7), 1e-6, 0.0)
        yield Measured(check, times, 5, "target", drawn.uniform(1e-5, 1.0), 10, 0.03, 0.4, 0)


def write(run: Run, records: int, samples: int) -> None:
    """The run's records in the sweep's own order. A line is put together from parts: to make it anew takes 250 us."""
    first = next(iter(planned(1))).cases[0]
    counts = {"fvcore": {"macs": 0, "products": 7840, "elementwise": 0}}
    whole = Record(first, Unavailable(""), ENVIRONMENT, "abc123def456", "2026-01-01T12:00:00+00:00")
    whole = replace(whole, work=Work(0, 7840, 0, 15680, 31360), sizes={"out_channels": 10}, counts=counts)
    name = environment_id(ENVIRONMENT)
    lines = (to_line(replace(whole, outcome=one), name).partition(',"crc32"')[0] for one in outcomes(samples))
    ends = [line[line.index(',"outcome"') :] for line in lines]
    with run.records_file.open("w", encoding="utf-8") as file:
        file.write(environment_line(ENVIRONMENT))
        cases = (case for task in planned(records) for case in task.cases)
        for number, case in zip(range(records), cases, strict=False):
            file.write(sealed(f'{{"schema":2,"case":{_case(case)}{ends[number % KINDS]}}}'))


def _case(case: Case) -> str:
    data = point_to_json(case.point) | {"backend": case.backend, "replica": case.replica}
    return json.dumps(data, separators=(",", ":"))


def taken(words: Sequence[str], log: Path) -> tuple[float, float, float]:
    """Seconds, those on a processor, and peak MiB of a Python process with these arguments."""
    began = time.monotonic()
    with log.open("wb") as output:
        child = subprocess.Popen([sys.executable, *words], stdout=output, stderr=output)
        _, status, usage = os.wait4(child.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(words[:4])} ... ended with {code}: {log.read_text()[-2000:]}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class _Asked(Exception):  # noqa: N818  (what was waited for, and no error)
    pass


def begins(cases: int, results: Path) -> float:
    """Seconds from the command to its first question, without the measuring process's own start."""

    def asked(*_: Any) -> NoReturn:
        raise _Asked

    planned(1)  # imports the operator and its backends
    with patch.object(Runner, "_start_process"), patch.object(Runner, "_records", asked):
        began = time.monotonic()
        try:
            sweep.run(SweepOptions(SWEEP, narrowing(cases), "cpu", results=results, as_json=True))
        except _Asked:
            return time.monotonic() - began
    raise SystemExit("no point was asked for")


READ = "import sys; from pathlib import Path; from opbench.store.runs import Run; run = Run(Path(sys.argv[1])).listed()"
BEGIN = "import sys; from pathlib import Path; from benchmarks.harness.sizes import begins; r = Path(sys.argv[1])"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--samples", type=int, default=250)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--only", default="list,read,resume,report,plan", help="which, comma-separated")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sizes-") as folder:
        results, log = Path(folder), Path(folder) / "log"
        run = new_run(results, SWEEP)
        write(run, asked.records, asked.samples)
        axes = [f"--{name}={','.join(map(str, values))}" for name, values in narrowing(asked.records).axes.items()]
        narrowed = [*axes, "--operator", OPERATOR, "--backend", ",".join(BACKENDS), "--results", str(results)]
        commands = {
            "list": ["-c", f"{READ}; print(len(run))", str(run.folder)],
            "read": ["-c", f"{READ}; print(sum(1 for _ in run))", str(run.folder)],
            "resume": ["-m", "opbench", "sweep", SWEEP, "--resume", "--device", "cpu", *narrowed],
            "report": ["-m", "opbench", "report", str(run.folder)],
            "plan": ["-c", f"{BEGIN}; print(begins({asked.cases}, r))", str(results / "planned")],
        }
        size = run.records_file.stat().st_size / 2**20
        print(f"{asked.records} records of {asked.samples} samples, {size:.0f} MiB; a sweep of {asked.cases} cases")
        for name in asked.only.split(","):
            seconds, on_cpu, mib = taken(commands[name], log)
            last = log.read_text().strip().rpartition("\n")[2] if name == "plan" else ""
            begun = f"; the first point is asked for {float(last):.2f} s after the imports" if last else ""
            print(f"{name:7} {seconds:6.1f} s ({on_cpu:.1f} s of CPU) {mib:6.0f} MiB{begun}", flush=True)
            if name == "report":
                sizes = {file.name: file.stat().st_size / 2**20 for file in sorted(run.folder.iterdir())}
                print("        " + ", ".join(f"{name} {size:.1f} MiB" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
