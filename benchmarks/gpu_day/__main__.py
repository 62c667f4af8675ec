"""`python -m benchmarks.gpu_day --minutes 9`: every step in order, each within its share, all of it on disk at once.

    --plan          print steps, shares and commands, and run nothing
    --rehearse      without a GPU: the same commands on the CPU at sizes that take a moment, or read by their parser
    --out FOLDER    where it is kept; the same folder again does what is missing (default results/gpu-day-UTC)
    --only STEP     that step, again where it was done; --from STEP: that and those after it, again

Time that a step leaves goes to those after it. No step stops another. Exit code 0 when every command ended with 0, 1
when one did not, 2 for wrong usage, 3 where there is no GPU or another process has the folder.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gpu_day import packing, running
from benchmarks.gpu_day.kept import Book, Kept
from benchmarks.gpu_day.steps import NAMES, STEPS, Day, Step, shares
from opbench.errors import MachineError

ROOT = Path(__file__).parents[2]


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_day", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="for all steps together")
    parser.add_argument("--out", type=Path, help="folder of the day")
    parser.add_argument("--plan", action="store_true", help="print what would be done")
    parser.add_argument("--rehearse", action="store_true", help="without a GPU")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", choices=NAMES, help="this step")
    which.add_argument("--from", dest="first", choices=NAMES, help="this step and those after it")
    given = parser.parse_args(words)
    if not given.minutes > 0:
        parser.error(f"--minutes is {given.minutes:g}; expected more than 0")
    return given


def chosen(only: str | None, first: str | None) -> tuple[Step, ...]:
    if only:
        return tuple(step for step in STEPS if step.name == only)
    return STEPS[NAMES.index(first) if first else 0 :]


def unfinished(book: Book, steps: tuple[Step, ...], again: bool) -> tuple[Step, ...]:
    """Those with a command that has not come to an end of its own; all of them where they are asked for by name."""

    def done(step: Step) -> bool:
        return all((kept := book.of(step.name, one.name)) and kept.finished for one in step.commands(book.folder))

    return tuple(step for step in steps if again or not done(step))


def run_step(book: Book, day: Day, step: Step, seconds: float, again: bool) -> list[Kept]:
    """Its commands one after another, each within what is left of the share."""
    deadline_s = time.monotonic() + seconds
    environment = os.environ | {
        running.MARK: book.mark,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
    }
    if day.rehearsing:
        environment["OPBENCH_CONTENTION"] = "ignore"  # no figure is looked at
    ended = []
    folder = book.results(step.name)
    for command in step.commands(book.folder):
        kept = book.of(step.name, command.name)
        if kept and kept.finished and not again:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        words = command.rehearsal if day.rehearsing else command.words
        left_s = max(0.0, deadline_s - time.monotonic())
        result = running.run(words, book.log(step.name, command.name), left_s, folder=folder, environment=environment)
        ended.append(book.keep(step.name, command.name, words, result))
        print(packing.line(ended[-1]), flush=True)
    return ended


def run_day(book: Book, day: Day, steps: tuple[Step, ...], seconds: float, again: bool) -> list[Kept]:
    deadline_s = time.monotonic() + seconds
    running.end_marked(book.mark)  # of an earlier call that was killed
    ended: list[Kept] = []
    for number, step in enumerate(steps):
        left = shares(steps[number:], max(0.0, deadline_s - time.monotonic()))
        print(f"-- {step.name}, {left[step.name]:.0f} s: {step.question}", flush=True)
        ended += run_step(book, day, step, left[step.name], again)
    return ended


def show_plan(day: Day, steps: tuple[Step, ...], seconds: float) -> None:
    for name, share in shares(steps, seconds).items():
        step = steps[[one.name for one in steps].index(name)]
        print(f"{name}, {share:.0f} s: {step.question}")
        for command in step.commands(day.out):
            print("   ", shlex.join(command.rehearsal if day.rehearsing else command.words))


def why_no_gpu() -> str | None:
    import torch

    if torch.cuda.is_available():
        return None
    return f"torch {torch.__version__} sees no CUDA device here; `--rehearse` runs every step without one"


def main(words: list[str]) -> int:
    given = arguments(words)
    out = given.out or Path("results", datetime.now(UTC).strftime("gpu-day-%Y-%m-%dT%H-%M-%SZ"))
    day, steps = Day(out, given.rehearse), chosen(given.only, given.first)
    seconds = given.minutes * 60
    if given.plan:
        show_plan(day, steps, seconds)
        return 0
    if not given.rehearse and (reason := why_no_gpu()):
        raise MachineError(reason)
    book, again = Book(out), bool(given.only or given.first)
    with book.held():
        run_day(book, day, unfinished(book, steps, again), seconds, again)
        packed = packing.pack(book)
    print(*map(packing.line, packing.summary(book)), f"packed: {packed}", sep="\n")
    return int(any(kept.code != 0 for kept in packing.summary(book)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is running is ended too
    try:
        raise SystemExit(main(sys.argv[1:]))
    except MachineError as exc:
        print(exc, file=sys.stderr)
        raise SystemExit(MachineError.exit_code) from exc
