"""`opbench gate --calibrate`: record this machine's workers, replay the gate on them, say what it can and cannot do."""

from __future__ import annotations

import json
import random
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from opbench.errors import MachineError, UsageError
from opbench.gate.calibration import ROUNDS, Calibration, Line, calibrated, workers_needed
from opbench.gate.company import Company
from opbench.gate.environments import Installed
from opbench.gate.hired import ShortOfMemoryError
from opbench.gate.refusing import require_collected
from opbench.gate.running import recipe
from opbench.gate.scouting import scout
from opbench.gate.summary import common_folder
from opbench.gate.tape import Tape, recorded
from opbench.lock import measuring
from opbench.progress import Notes, short_time

if TYPE_CHECKING:
    from opbench.commands.gate import Asked
    from opbench.gate.rule import Rule
    from opbench.gate.scouting import Scouted
    from opbench.gate.slices import Side


SETTLING = 6
"""Rounds after hiring that are not kept. 44 fresh workers took 347 us for a benchmark, in each of six rounds, and 74 us
ever after, without a page fault; 16, as the gate hires, took 74 us from the first on (2-core EPYC 9004 VM)."""


def calibrate(asked: Asked, rule: Rule) -> int:
    """The benchmarks of the working tree as it is, on both sides. Always 0: it is a measurement, not a verdict."""
    if asked.suites < 1:
        raise UsageError(f"--suites {asked.suites}: at least one run has to be replayed, 1000 bound a rate of 0.3 %")
    with measuring(asked.device, Notes(sys.stderr).note, asked.wait):
        tapes = _recorded(asked, rule)
    found = calibrated(
        tapes, rule, asked.suites, secrets.randbits(32), _Ticker(asked.suites, asked.as_json, "replaying")
    )
    if asked.as_json:
        print(json.dumps(asdict(found) | {"upper_bound": found.upper_bound}))
    else:
        print("\n".join(in_words(found, rule)))
    return 0


def _recorded(asked: Asked, rule: Rule) -> list[Tape]:
    tree = Path.cwd()
    side = Installed(Path(sys.executable), tree)
    installed: dict[Side, Installed] = {"base": side, "head": side}
    how = recipe(asked, tree)
    scouted = scout(installed, how)["head"]
    _refuse(scouted)
    chance = random.Random()  # noqa: S311
    company = Company(installed, how, scouted.memory_bytes, chance, lambda _: None, scouted.shared)
    wanted = workers_needed(rule)
    tapes: list[Tape] = []
    tick = _Ticker(len(scouted.found), asked.as_json, f"recording {wanted} + {wanted} workers")
    try:
        with company.hire(wanted, "calibrate") as workers:
            workers.pool.play(scouted.found[0].id, SETTLING, "screen")  # thrown away
            for one in scouted.found:
                taken = workers.pool.play(one.id, ROUNDS, "screen")
                spans = [part.calls * sum(part.samples_s) for part in taken.slices]
                tapes.append(recorded(taken, 0, {"slice_s": sum(spans) / len(spans)}, same_code=True))
                tick()
    except ShortOfMemoryError as exc:
        raise MachineError(f"no memory to record {wanted} + {wanted} workers: {exc}") from exc
    return tapes


def _refuse(scouted: Scouted) -> None:
    require_collected("the working tree", scouted)
    for name, broken in scouted.broken.items():
        raise UsageError(f"{name} cannot be calibrated: {broken.reason}")


def in_words(found: Calibration, rule: Rule) -> list[str]:
    """The table a person reads."""
    folder = common_folder([line.benchmark for line in found.lines])
    names = [line.benchmark.removeprefix(folder) for line in found.lines]
    width = max(map(len, names))
    recorded = 2 * workers_needed(rule)
    bound, doubtful = 100 * found.upper_bound, 100 * found.inconclusive / found.suites
    of = f"of {found.suites} runs"
    head = (
        f"same code on both sides, {found.suites} runs of {len(names)} benchmarks replayed from {recorded} recorded "
        f"workers, tolerance {100 * rule.tolerance:g} %"
    )
    seconds = sum(line.seconds for line in found.lines)
    return [
        head,
        f"false alarms: {found.alarms} {of}, under {bound:.2g} % with 95 % confidence",
        f"inconclusive: {found.inconclusive} {of} ({doubtful:.2g} %) had a benchmark that stayed open",
        "",
        f"{'benchmark':{width}}  {'one call':>9}  {'spread':>7}  {'detects':>8}  {'open':>6}  {'seconds':>7}",
        *(_row(name.ljust(width), line) for name, line in zip(names, found.lines, strict=True)),
        "",
        f"a run of the gate spends {seconds:.0f} s in slices here, besides starting its workers",
        "spread: standard deviation between workers; detects: slowdown confirmed nine times in ten",
        "open: share of the runs that left it inconclusive; seconds: of slices in a run, on average",
    ]


def _row(name: str, line: Line) -> str:
    numbers = f"{short_time(line.call_s):>9}  {100 * line.spread:5.2f} %  {100 * line.detectable:6.1f} %  "
    modes = f"  {line.modes}" if line.modes else ""
    return f"{name}  {numbers}{100 * line.inconclusive:4.1f} %  {line.seconds:7.2f}{modes}"


class _Ticker:
    """A bar on a terminal, a line at every tenth elsewhere, nothing for machines."""

    def __init__(self, total: int, silent: bool, doing: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._total, self._done, self._doing, self._silent = total, 0, doing, silent
        self._bar = Progress(console=console, disable=silent or not console.is_terminal)
        self._task = self._bar.add_task(doing, total=total)
        self._bar.start()

    def __call__(self) -> None:
        self._done += 1
        self._bar.advance(self._task)
        if self._done == self._total:
            self._bar.stop()
        elif self._bar.disable and not self._silent and self._done * 10 % self._total < 10:
            print(f"{self._doing}: {self._done} of {self._total}", file=sys.stderr, flush=True)
