"""False alarms in replayed months, before the gate has looked at them and after; and steps of 5 % that it confirms.

    python -m benchmarks.history.confirmed [--months 200] [--steps 100] [--processes 1] [--only xeon]

Prints the Markdown tables of docs/history.md. A month is 30 days at the end of 90, of all kernels that were recorded on
a machine; its alarms are those of `opbench history alarms --newest 30`, and the gate that confirms them decides on
recorded workers. The same code throughout: every alarm is false, every one called code a false confirmation.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from benchmarks.gate.rules import markdown
from benchmarks.history.months import DAYS, KINDS, MONTH, Month, ReplayedGate, slow_day
from opbench.gate.runs.calibration import upper_bound
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.confirm import Confirming
from opbench.history.alarms.found import Looking, alarms
from opbench.history.alarms.recent import first_of
from opbench.history.confirming.question import Measuring
from opbench.history.machine import name_of
from opbench.history.series import series_of
from tests.gate.replaying import CONDITIONS, kind, recordings
from tests.opbench.history.builders import ROW, table_of

STEP = 0.05
NEAR = 10
"""Points from a step within which an alarm counts as it."""

AFTER = (Kind.CODE, Kind.NOISE, Kind.UNCONFIRMED)


def judged(month: Month) -> tuple[list[Alarm], list[Alarm], int]:
    """The month's alarms before and after confirmation, and the runs of the gate."""
    every = list(series_of(table_of(list(month.rows()))))
    before = alarms(every, Looking(first_of(every[0].shared, MONTH)))
    gate = ReplayedGate(month, random.Random(f"{month}"))  # noqa: S311  (a deal of workers)
    after = Confirming(gate, Measuring(), lambda _: None, name_of(ROW.machine))(before)
    return before, after, gate.runs


def of_same_code(month: Month) -> Counter[str]:
    before, after, runs = judged(month)
    found = Counter(one.kind.value for one in after)
    return found + Counter(months=1, alarms=len(before), alarming=bool(before), false=found["code"] > 0, runs=runs)


def of_slower_code(month: Month) -> Counter[str]:
    """Of kernels whose code is slower from a day on: by kind of kernel, how many were alarmed, and judged how."""
    found: Counter[str] = Counter()
    _, after, runs = judged(month)
    for tape in recordings(month.condition):
        which = kind(tape.benchmark)
        found[f"{which}/steps"] += 1
        near = [one for one in after if one.case.endswith(f"[{tape.benchmark}]") and _is_it(one, month)]
        if near:
            found[f"{which}/alarms"] += 1
            found[f"{which}/{near[0].kind.value}"] += 1
    return found + Counter(runs=runs)


def _is_it(alarm: Alarm, month: Month) -> bool:
    return alarm.slower and abs(int(alarm.series.commit[alarm.step.at]) - month.at) <= NEAR


def same_code(months: int, processes: int, only: str, pool: ProcessPoolExecutor) -> Iterator[list[str]]:
    yield ["machine", "days", "months", "false alarms", "months with one", "called code", "noise", "open", "gate runs"]
    for condition in (one for one in CONDITIONS if one.startswith(only)):
        for days in KINDS:
            todo = [Month(condition, days, seed, processes) for seed in range(months)]
            found = sum(pool.map(of_same_code, todo, chunksize=5), Counter[str]())
            share = f"{found['alarming']}"
            wrong = f"{found['code']} (<= {100 * upper_bound(found['false'], months):.1f} % of months)"
            rest = [str(found[one.value]) for one in AFTER[1:]]
            yield [condition, days, str(months), str(found["alarms"]), share, wrong, *rest, str(found["runs"])]


def slower_code(months: int, processes: int, only: str, pool: ProcessPoolExecutor) -> Iterator[list[str]]:
    yield ["machine", "kernels", "steps", "alarmed", "of these code", "noise", "open"]
    for condition in (one for one in CONDITIONS if one.startswith(only)):
        todo = [Month(condition, "days differ by 2 %", seed, processes, STEP, slow_day(seed)) for seed in range(months)]
        found = sum(pool.map(of_slower_code, todo, chunksize=5), Counter[str]())
        for which in ("cache-resident", "memory-bound"):
            steps, alarmed = found[f"{which}/steps"], found[f"{which}/alarms"]
            shares = [f"{100 * found[f'{which}/{one.value}'] / max(alarmed, 1):.1f} %" for one in AFTER]
            yield [condition, which, str(steps), f"{100 * alarmed / max(steps, 1):.1f} %", *shares]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history.confirmed")
    parser.add_argument("--months", type=int, default=200, help="of the same code, a machine and kind of days")
    parser.add_argument("--steps", type=int, default=100, help="months with a step, a machine")
    parser.add_argument("--processes", type=int, default=1, help="a day")
    parser.add_argument("--only", default="", help="conditions that begin with this")
    asked = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # two processes use the two cores
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        told = partial(print, flush=True)
        told(f"The same code for {DAYS} days, alarms of the last {MONTH}:\n")
        told(markdown(same_code(asked.months, asked.processes, asked.only, pool)))
        told(f"\nCode that is slower by {100 * STEP:.0f} % from a day of the month on, days differ by 2 %:\n")
        told(markdown(slower_code(asked.steps, asked.processes, asked.only, pool)))


if __name__ == "__main__":
    main()
