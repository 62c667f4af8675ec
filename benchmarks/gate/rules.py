"""The gate's rule beside other tools' on the recorded workers: false alarms, slowdowns caught, seconds.

    python -m benchmarks.gate.rules [--suites 1000] [--power 150] [--tapes DIR] [--only xeon] [--figure PATH]

Prints the Markdown tables of docs/gate.md and draws its figure. Every rule judges the same benchmarks: ours replayed,
the others on one stored worker and one later worker for as many slices as ours took there, or as were recorded. All
benchmarks of a suite with slowdowns are slowed, so the gate confirms them with more workers than it would confirm one.
"""

from __future__ import annotations

import argparse
import math
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from opbench.gate.decision.verdict import Verdict
from opbench.gate.runs.calibration import upper_bound
from opbench.gate.stats.rule import DEFAULT, Rule
from reports.layout.style import BLUE, FAINT, INK, VERMILLION, styled, to_svg
from tests.gate.replaying import (
    CONDITIONS,
    EXTRAS,
    RECORDINGS,
    SUITE,
    kind,
    recordings,
    replayed,
    stored_and_later,
    with_slow_head,
)
from tests.gate.replaying import suite as dealt_suite
from tests.gate.rivals import RIVALS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from opbench.gate.files.recording import Recording

OURS = {"opbench gate": DEFAULT, "opbench gate --tolerance 1.5%": Rule(tolerance=0.015)}
RULES = (*OURS, *(rival.name for rival in RIVALS))
KINDS = ("cache-resident", "memory-bound")
SLOWDOWNS = (1, 2, 3, 4, 5, 7, 10)
"""Percent that head is slower by, exactly."""

TWICE, EIGHTH = 100, 1 / 8
"""Percent that the slow ones among head's workers are slower by, and their share, where base has none."""

CHUNK = 5
"""Suites a job: a few seconds, so that the progress bar moves."""

Cell: TypeAlias = tuple[str, str, int, str, str, str]
"""condition, code, percent, rule, kind (or `suite`), what is counted."""


@dataclass(frozen=True)
class Job:
    """code: `same`, `scaled` (by `percent`, exactly), `extra` (`percent` extra units of work, of a hundred) or `slow`
    (an eighth of head's workers, by `percent`).
    """

    condition: str
    code: str
    percent: int
    seeds: range
    folder: Path

    def suite(self, draw: random.Random) -> dict[str, Recording]:
        if self.code == "extra":
            return {tape.benchmark: tape for tape in recordings(self.condition, self.percent, self.folder)}
        tapes = recordings(self.condition, folder=self.folder)
        if self.code == "slow":
            dealt = dealt_suite(tapes, len(tapes), draw)
            return {name: with_slow_head(tape, 1 + self.percent / 100, EIGHTH, draw) for name, tape in dealt.items()}
        return dealt_suite(tapes, SUITE if self.code == "same" else len(tapes), draw, 1 + self.percent / 100)


def run(job: Job) -> Counter[Cell]:
    found: Counter[Cell] = Counter()
    for seed in job.seeds:
        draw = random.Random(f"{job.condition}/{job.code}/{job.percent}/{seed}")  # noqa: S311  (a deal of workers)
        failed = set()
        for benchmark, rule, counted in judged(job.suite(draw), draw):
            for what, number in counted.items():
                found[job.condition, job.code, job.percent, rule, kind(benchmark), what] += number
            failed |= {rule} if counted["alarms"] else set()
        for rule in RULES:
            found[job.condition, job.code, job.percent, rule, "suite", "trials"] += 1
            found[job.condition, job.code, job.percent, rule, "suite", "alarms"] += rule in failed
    return found


def judged(tapes: dict[str, Recording], draw: random.Random) -> Iterator[tuple[str, str, Counter[str]]]:
    """Benchmark, rule, and what is counted of its judgement."""
    for name, rule in OURS.items():
        for one in replayed(tapes, rule, draw):
            benchmark, verdict = one.judgement.benchmark, one.judgement.verdict
            slice_s = float(tapes[benchmark].about["slice_s"])
            yield benchmark, name, _counted(verdict is Verdict.REGRESSION, one.slices * slice_s, verdict)
            if rule is DEFAULT:
                runs = stored_and_later(tapes[benchmark], one.slices, draw)
                for rival in RIVALS:
                    slower = rival.regression(runs.base, runs.head)
                    yield benchmark, rival.name, _counted(slower, runs.slices * slice_s)


def _counted(slower: bool, seconds: float, verdict: Verdict | None = None) -> Counter[str]:
    doubts, faster = int(verdict is Verdict.INCONCLUSIVE), int(verdict is Verdict.FASTER)
    return Counter(trials=1, alarms=int(slower), doubts=doubts, faster=faster, milliseconds=round(1000 * seconds))


def jobs(suites: int, power: int, folder: Path, only: str) -> Iterator[Job]:
    asked = [("same", 0, suites), *(("scaled", percent, power) for percent in SLOWDOWNS), ("slow", TWICE, power)]
    for condition in (one for one in CONDITIONS if one.startswith(only)):
        extras = [("extra", units, power) for units in EXTRAS if (folder / f"{condition}-{units}-percent.npz").exists()]
        for code, percent, runs in (*asked, *extras):
            for first in range(0, runs, CHUNK):
                yield Job(condition, code, percent, range(first, min(first + CHUNK, runs)), folder)


def replay_all(todo: Sequence[Job]) -> Counter[Cell]:
    from rich.progress import track

    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # two processes use the two cores; their threads would get in the way
    found: Counter[Cell] = Counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(run, job) for job in todo]
        for one in track(as_completed(running), description="replaying", total=len(running)):
            found.update(one.result())
    return found


@dataclass(frozen=True)
class Found:
    counts: Counter[Cell]

    def of(self, what: str, condition: str, code: str, percent: int, rule: str, kinds: Iterable[str] = KINDS) -> int:
        return sum(self.counts[condition, code, percent, rule, one, what] for one in kinds)

    def share(self, condition: str, code: str, percent: int, rule: str, kinds: Iterable[str] = KINDS) -> float:
        """Of slower-calls."""
        trials = self.of("trials", condition, code, percent, rule, kinds)
        return self.of("alarms", condition, code, percent, rule, kinds) / trials if trials else float("nan")

    def same_code(self) -> Iterator[list[str]]:
        head = ["rule", "machine", "false alarms", f"suites of {SUITE} failed"]
        yield [*head, "called faster", "inconclusive", "seconds a benchmark"]
        for rule in RULES:
            for condition in CONDITIONS:
                trials, alarms, doubts, milliseconds = (
                    self.of(what, condition, "same", 0, rule) for what in ("trials", "alarms", "doubts", "milliseconds")
                )
                suites, failed = (self.of(what, condition, "same", 0, rule, ["suite"]) for what in ("trials", "alarms"))
                if not trials:
                    continue
                faster = self.of("faster", condition, "same", 0, rule)
                own = [bounded(faster, trials), f"{100 * doubts / trials:.2f} %"] if rule in OURS else ["", ""]
                seconds = f"{milliseconds / trials / 1000:.2f}"
                yield [rule, condition, bounded(alarms, trials), bounded(failed, suites), *own, seconds]

    def caught(self, code: str, percents: Sequence[int], unit: str) -> Iterator[list[str]]:
        """Where there is a recording: extra work was recorded on a quiet machine only."""
        yield ["rule", "machine", *(f"{which}, {percent} {unit}" for which in KINDS for percent in percents)]
        for rule in RULES:
            for condition in CONDITIONS:
                shares = [self.share(condition, code, one, rule, [which]) for which in KINDS for one in percents]
                if all(map(math.isnan, shares)):
                    continue
                yield [rule, condition, *(f"{100 * share:.1f} %" for share in shares)]

    def slow_in_part(self) -> Iterator[list[str]]:
        """What becomes of a head that is slow in a part of its processes. Others' rules leave nothing open."""
        yield ["rule", "machine", "called slower", "inconclusive"]
        for rule in RULES:
            for condition in CONDITIONS:
                trials, doubts = (self.of(what, condition, "slow", TWICE, rule) for what in ("trials", "doubts"))
                if trials:
                    slower = f"{100 * self.share(condition, 'slow', TWICE, rule):.1f} %"
                    yield [rule, condition, slower, f"{100 * doubts / trials:.1f} %" if rule in OURS else ""]


def bounded(events: int, trials: int) -> str:
    bound = 100 * upper_bound(events, trials)
    return f"{events:,} of {trials:,} (<= {bound:.2g} %)" if bound < 10 else f"{100 * events / trials:.0f} %"


def markdown(rows: Iterable[list[str]]) -> str:
    first, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([first, "|---" * (first.count(" | ") + 1) + "|", *rest])


def truths(folder: Path) -> Iterator[str]:
    for condition in CONDITIONS:
        for units in EXTRAS:
            if (folder / f"{condition}-{units}-percent.npz").exists():
                tapes = recordings(condition, units, folder)
                told = ", ".join(f"{tape.benchmark} {100 * (tape.about['truth'] - 1):.1f} %" for tape in tapes)
                yield f"{units} units, {condition}, measured on their own: {told}"


def figure(found: Found) -> Figure:
    """To be called inside `styled()`."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(4 + 3.2 * len(CONDITIONS), 0.31 * len(RULES) + 1.5), layout="constrained")
    left, *right = drawn.subplots(1, 1 + len(CONDITIONS), sharey=True, width_ratios=(1.1, *[1] * len(CONDITIONS)))
    _false_alarms(left, found)
    for axes, condition in zip(right, CONDITIONS, strict=True):
        _caught(axes, found, condition)
    left.set_yticks([place + 0.5 for place in range(len(RULES))], RULES)
    left.set_ylim(len(RULES), 0)
    return drawn


def _false_alarms(axes: Any, found: Found) -> None:
    markers = {"epyc": "o", "xeon": "D"}
    for condition in CONDITIONS:
        machine, _, load = condition.partition("/")
        face, edge = (BLUE, BLUE) if load == "quiet" else ("white", VERMILLION)
        shares = [100 * found.share(condition, "same", 0, rule, ["suite"]) for rule in RULES]
        axes.plot(
            shares,
            [place + 0.5 for place in range(len(RULES))],
            markers[machine],
            mfc=face,
            mec=edge,
            ms=6,
            mew=1.4,
            label=condition,
            clip_on=False,
        )
    axes.set(xlim=(0, 100), title="False alarms", xlabel=f"same-code suites of {SUITE} that failed, %")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.09), ncols=2, borderpad=0, handlelength=1)


def _caught(axes: Any, found: Found, condition: str) -> None:
    shares = [[100 * found.share(condition, "scaled", one, rule) for one in SLOWDOWNS] for rule in RULES]
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=130)  # cells as shapes: an image of them would be smoothed
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            colour = "white" if share > 75 else INK if share >= 0.5 else FAINT
            axes.text(column + 0.5, row + 0.5, f"{share:.0f}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks([place + 0.5 for place in range(len(SLOWDOWNS))], SLOWDOWNS)
    axes.grid(visible=False)
    axes.set(title=f"Caught, {condition}, %", xlabel="head is truly slower by, %")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate.rules")
    parser.add_argument("--suites", type=int, default=1000, help="same-code suites a condition")
    parser.add_argument("--power", type=int, default=150, help="suites a slowdown and condition")
    parser.add_argument("--tapes", type=Path, default=RECORDINGS)
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/gate.svg"))
    parser.add_argument("--only", default="", help="conditions that begin with this; then nothing is drawn")
    asked = parser.parse_args()
    found = Found(replay_all(list(jobs(asked.suites, asked.power, asked.tapes, asked.only))))
    print("Same code on both sides:\n", markdown(found.same_code()), sep="\n")
    print("\nSlower by exactly so much:\n", markdown(found.caught("scaled", (3, 5, 10), "%")), sep="\n")
    print("\nTwice as slow in an eighth of head's workers:\n", markdown(found.slow_in_part()), sep="\n")
    print("\nExtra units of work, of a hundred:\n", markdown(found.caught("extra", EXTRAS, "units")), sep="\n")
    print("", *truths(asked.tapes), sep="\n")
    if asked.only:
        return
    asked.figure.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        asked.figure.write_bytes(to_svg(figure(found)))
    print(f"\n{asked.figure}")


if __name__ == "__main__":
    main()
