"""As `killed`, affordable: nine starts in ten are forks of a process that has imported everything, and really measure.

    OMP_NUM_THREADS=1 python -m benchmarks.trust.killed_measuring [--kills 500] [--minutes 60] [--seed 0]

A start costs two imports of PyTorch, of the command and of its measuring process, which are most of the 13 s of a
processor that `killed` takes for a kill. Here this process imports once what both need, starts no thread, and forks
the command. The first thing that does is to fork an interpreter of its own, out of which its measuring processes are
forked in turn (`tests.measuring.fork_from_here`). Every tenth start is a real one, with imports, of the same sweep.

Saved: starting Python, imports, and what a start alone sets: the C library's settings of memory, and the mark in
`/proc/PID/environ` by which programs are found that left their group; backends here start none. All else is the
product's own: the command from reading its words on, its lock and journal, the measuring process from
`opbench.measure.worker.main` on, its check that its parent lives, its death with it, their pipes, marker, nonce and
process group, the kernels, the checks, the samples, and the records.

Twelve kills, one of a real start, took 23 s of a processor, 8 of them for the imports before. One lane. This process
adopts what a killed command leaves, so that what lives on is seen whoever started it, and when.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil

from benchmarks.trust.killed import GONE_AFTER_S, WORDS, Command, Lane, in_lanes, lives, tell
from opbench import catalog
from opbench.errors import UsageError
from opbench.process.fork_client import SUBREAPER
from tests.measuring import MODULES, fork_from_here

REAL_EVERY = 10

IMPORTED = (
    *(*MODULES, "opbench.commands.app", "opbench.commands.sweep.run", "rich.console", "pydantic", "typer._adapters"),
    *("sweeps.channels", "impls.cross_hadamard.functional", "opbench.measure.timing.wall"),
)
REPORTERS = ("terminal.results_table.terminal_table", "terminal.results_table.totals_table")


class Forked(psutil.Process):
    """A command that is a fork of this process."""

    def poll(self) -> int | None:
        """As `subprocess.Popen.poll`."""
        try:
            return self.wait(0)
        except psutil.TimeoutExpired:
            return None


class Mixed(Lane):
    """Each tenth start is real; see above."""

    starts = 0
    real = False

    def _start(self, *, resume: bool) -> Command:
        self.starts += 1
        self.real = self.starts % REAL_EVERY == 0
        return super()._start(resume=resume)

    def _started(self, words: Sequence[str], variables: Mapping[str, str]) -> Command:
        return super()._started(words, variables) if self.real else forked(lambda: _command(words, variables))

    def _children(self, command: Command) -> list[psutil.Process]:
        """But for the interpreter out of which it forks, the only one that leads a session; see `_left`."""
        found = super()._children(command)
        return found if self.real else [process for process in found if not _leads(process)]

    def _kill(self, command: Command, kind: str) -> None:
        super()._kill(command, kind)
        self.problems += [f"{process} was left by {kind} killed" for process in _left(GONE_AFTER_S)]

    def _told(self, kind: str, *, measuring: bool) -> str:
        return super()._told(f"{kind}{' of a real start' if self.real else ''}", measuring=measuring)


def forked(call: Callable[[], None]) -> Forked:
    """Call it in a fork, which says nothing and ends with its exit code."""
    if child := os.fork():
        return Forked(child)
    code = 99
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(0, 2)
        call()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    finally:
        os._exit(code)


def _command(words: Sequence[str], variables: Mapping[str, str]) -> None:
    """In the fork: what `python -m opbench WORDS` does once it has been imported."""
    os.environ.update(variables)
    sys.argv = ["opbench", *words]
    fork_from_here()
    import_module("opbench.commands.app").main()


def _leads(process: psutil.Process) -> bool:
    """Whether it is the first of a session."""
    with suppress(ProcessLookupError):  # it has ended
        return os.getsid(process.pid) == process.pid
    return False


def _left(limit_s: float) -> list[psutil.Process]:
    """What this process has adopted and lives on after that time. What has ended is taken off the system's table."""
    until_s = time.monotonic() + limit_s
    while True:
        with suppress(ChildProcessError):  # none is there
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        alive = list(filter(lives, psutil.Process().children(recursive=True)))
        if not alive or time.monotonic() >= until_s:
            return alive
        time.sleep(0.01)


def _import_all() -> None:
    """Raises UsageError where that started threads, which forks would lack."""
    for name in IMPORTED:
        import_module(name)
    operator = WORDS[WORDS.index("--operator") + 1]
    for name in catalog.backend_names(operator):
        catalog.backend(operator, name)
    for name in REPORTERS:
        catalog.shown_by(name)
    catalog.totals()
    if len(threads := list(Path("/proc/self/task").iterdir())) > 1:
        raise UsageError(f"{len(threads)} threads, and forks would have one; start with OMP_NUM_THREADS=1")


def main() -> None:
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    _import_all()
    tell(in_lanes(__doc__, 500, Mixed, alone=True))


if __name__ == "__main__":
    main()
