"""Sweeps that are killed at random and resumed: is anything lost, doubled or torn, and does anything live on?

    python -m benchmarks.trust.killed [--kills 500] [--lanes 2] [--minutes 60] [--seed 0]

A sweep is started or resumed, and after a number of records and a fraction of a second, both drawn, its command, its
measuring process or both are killed by SIGKILL. Whatever was on record has to be there once, and nothing that the
command started may live 2 s later. A sweep that comes to its end has to have every case. Prints what went wrong, and
how many were killed of which kind, and how many of those while cases were being measured. Lanes run beside each other,
with locks of their own; what else runs does not matter. Each kill is told on standard error, so that a run that is
broken off says what it saw. A kill and lane takes 20 s with three lanes on two cores.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol, Self, TypeVar

import psutil

from opbench.errors import UsageError
from opbench.store.record_file import RecordFile

WORDS = (
    *("sweep", "channels", "--operator", "cross_hadamard", "--backend", "torch_eager,torch_select,cpp_ext"),
    *("--channels", "8,16,24,32,48,64", "--edge", "7,14", "--batch", "1,2,3", "--budget", "0.05"),
)
CASES = 108
RECORDS = "results/*/*/records.jsonl"
MOST_RECORDS = 12
KINDS = ("the command", "the measuring process", "both")
GONE_AFTER_S = 2.0


class Command(Protocol):
    """One that was started: of `psutil.Popen`, as much as is needed here."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int | None: ...

    def kill(self) -> None: ...

    def children(self, *, recursive: bool = False) -> list[psutil.Process]: ...


class _Runs(Protocol):
    def run(self, kills: int, until_s: float) -> Self: ...


Runs = TypeVar("Runs", bound=_Runs)


@dataclass
class Lane:
    """Sweeps below a folder, one after the other, each killed and resumed until it ends. words: of the command.

    cases: that it comes to.
    """

    folder: Path
    draw: random.Random
    words: tuple[str, ...] = WORDS
    cases: int = CASES
    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    recorded: set[str] = field(default_factory=set)

    def run(self, kills: int, until_s: float) -> Self:
        while self.kills.total() < kills and time.monotonic() < until_s:
            self.once()
        return self

    def once(self) -> bool:
        """Start or resume, and kill; whether it came to its end first."""
        command = self._start(resume=0 < len(self.recorded) < self.cases)
        before = len(self.recorded)  # none where it begins anew
        kind = self.draw.choice(KINDS)
        if not self._reached(command, before + self.draw.randrange(MOST_RECORDS + 1)):
            self._ended(command)
            return True
        self._kill(command, kind)
        self._compare(complete=False)
        self.kills[self._told(kind, measuring=len(self.recorded) > before)] += 1
        print(f"{self.folder.name}: {self.kills.total()} kills, problems: {self.problems}", file=sys.stderr, flush=True)
        return False

    def _told(self, kind: str, *, measuring: bool) -> str:
        """What a kill is counted as."""
        return f"{kind}{', measuring' if measuring else ''}"

    def _start(self, *, resume: bool) -> Command:
        return self._started(*self._prepared(resume=resume))

    def _prepared(self, *, resume: bool) -> tuple[list[str], dict[str, str]]:
        """Words of the command, and variables of its environment; the folder is emptied where it begins anew."""
        if not resume:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.recorded = set()
        own = {"OPBENCH_LOCKS": str(self.folder / "locks"), "OPBENCH_CONTENTION": "ignore"}
        (self.folder / "locks").mkdir(parents=True, exist_ok=True)
        words = [*self.words, "--results", str(self.folder / "results")]
        return [*words, "--resume"] if resume else words, own

    def _started(self, words: Sequence[str], variables: Mapping[str, str]) -> Command:
        """`opbench WORDS` as a process. variables: of its environment, besides those of this one."""
        silent, whole = subprocess.DEVNULL, [sys.executable, "-m", "opbench", *words]
        command: Command = psutil.Popen(whole, env={**os.environ, **variables}, stdout=silent, stderr=silent)
        return command

    def _children(self, command: Command) -> list[psutil.Process]:
        """What it started, and what these did."""
        return command.children(recursive=True)

    def _reached(self, command: Command, records: int) -> bool:
        """Wait until the command measures and so many cases are on record, and a little longer; False once it ended."""
        while command.poll() is None:
            time.sleep(0.01)
            if self._lines() >= records and self._children(command):  # the cheaper question first
                time.sleep(self.draw.uniform(0, 0.5))
                return command.poll() is None
        return False

    def _lines(self) -> int:
        return sum(file.read_bytes().count(b'{"schema":2,"case":') for file in self.folder.glob(RECORDS))

    def _kill(self, command: Command, kind: str) -> None:
        started = self._children(command)
        killed: list[Command | psutil.Process] = [] if kind == KINDS[1] else [command]
        for process in killed if kind == KINDS[0] else [*killed, *started]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        if kind == KINDS[1]:  # the command goes on, and is killed while it starts another or measures with it
            time.sleep(self.draw.uniform(0, 3))
            started += self._children(command) if command.poll() is None else []
            with suppress(psutil.NoSuchProcess):  # it came to its end first
                command.kill()
        command.wait()
        _, alive = psutil.wait_procs(started, GONE_AFTER_S)
        self.problems += [f"{process} lives on after {kind} was killed" for process in alive if lives(process)]

    def _ended(self, command: Command) -> None:
        code = command.wait()
        if code:
            self.problems.append(f"ended with {code}")
        self._compare(complete=True)

    def _compare(self, *, complete: bool) -> None:
        """Hold the records against those of before. A torn last line is no record, and is left to `--resume`."""
        whole = self.folder / "whole.jsonl"
        text = b"".join(file.read_bytes() for file in self.folder.glob(RECORDS))
        whole.write_bytes(text[: text.rfind(b"\n") + 1])
        try:
            keys = {record.case.key for record in RecordFile.listed(whole)}
        except UsageError as exc:
            self.problems.append(str(exc))
            return
        if lost := self.recorded - keys:
            self.problems.append(f"{len(lost)} records lost")
        if complete and len(keys) != self.cases:
            self.problems.append(f"{len(keys)} of {self.cases} cases once the sweep had ended")
        self.recorded = keys


def lives(process: psutil.Process) -> bool:
    """Whether it is more than an entry in the table of processes, which stays until its new parent asks for it."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def in_lanes(
    text: str | None, kills: int, lane: Callable[[Path, random.Random], Runs], *, alone: bool = False
) -> list[Runs]:
    """Lanes beside each other, as the command line says, each in a folder of its own by a draw of its own; once all
    have had their kills. text: whose first line is the help. kills: of all together where the command line says none.
    alone: one lane, in the thread that calls.
    """
    parser = argparse.ArgumentParser(description=(text or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=kills)
    if not alone:
        parser.add_argument("--lanes", type=int)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="of the draws: another for each run that is added up")
    parser.set_defaults(lanes=1 if alone else 2)
    asked = parser.parse_args()
    folder, until_s = Path(mkdtemp(prefix="killed-")), time.monotonic() + 60 * asked.minutes
    draws = [random.Random(f"{asked.seed} {number}") for number in range(asked.lanes)]  # noqa: S311  (no secrets)
    lanes = [lane(folder / str(number), draw) for number, draw in enumerate(draws)]
    with ExitStack() as stack:
        each = map if alone else stack.enter_context(ThreadPoolExecutor(asked.lanes)).map
        done = list(each(lambda lane: lane.run(-(-asked.kills // asked.lanes), until_s), lanes))
    shutil.rmtree(folder, ignore_errors=True)
    return done


def main() -> None:
    tell(in_lanes(__doc__, 500, Lane))


def tell(done: Sequence[Lane]) -> None:
    """What went wrong in all lanes together, and how many kills there were of which kind."""
    kills = sum((lane.kills for lane in done), Counter[str]())
    measuring = sum(count for kind, count in kills.items() if kind.endswith("measuring"))
    problems = [problem for lane in done for problem in lane.problems]
    print("\n".join(problems))
    print(f"{kills.total()} kills, {measuring} of them while measuring ({dict(kills)}): {len(problems)} problems")


if __name__ == "__main__":
    main()
