"""How a command is started and how it ends: an exit code, one line for what is refused, nothing left behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from opbench.cli import output
from opbench.cli.plain import plain
from opbench.errors import MachineError, OpbenchError
from opbench.process.garbage import uncollected

_KEPT = {
    "sweep.run": "; finished cases are on record, --resume goes on",
    "bisect.run": "; finished runs are on record, the same command goes on",
}
"""What an interrupted command says of what it did."""


def run_command(command: str, *args: Any) -> NoReturn:
    """Run `opbench.commands.COMMAND`, which is imported only now: `--help` must not wait for PyTorch.

    A polite kill, or a terminal that is closed, ends it like Ctrl-C.
    """
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup, which wants the command to go on
        signal.signal(signal.SIGHUP, stop)
    try:
        with uncollected():
            module = import_module(f"opbench.commands.{command}")
        sys.exit(module.run(*args))
    except KeyboardInterrupt:
        refuse(f"interrupted{_KEPT.get(command, '')}", 130)


def end_with(program: Callable[[], str | int | None]) -> NoReturn:
    """Run it and exit with what it returns, 0 for None. A refused request is one line on standard error and an exit
    code, never a traceback; so is a machine that has no room or no file handles left, whatever was being done.
    """
    try:
        code = _ended(program)
        output.flush()
    except OpbenchError as exc:
        refuse(str(exc), exc.exit_code)
    except BrokenPipeError:
        output.drop(sys.stdout)  # the reader left; nobody to tell
        sys.exit(1)
    except Exception as exc:
        if reason := output.exhausted(exc):
            output.drop(sys.stdout)
            refuse(reason, MachineError.exit_code)
        # What the option parser raises, whichever click this typer carries, knows its own message.
        if not hasattr(exc, "format_message"):
            raise
        refuse(f"{exc.format_message()} See --help.", 2)
    sys.exit(code)


def _ended(program: Callable[[], str | int | None]) -> str | int:
    """The exit code of the program, which may have ended itself."""
    try:
        return program() or 0
    except SystemExit as exc:
        return exc.code or 0


def stop(*_: object) -> NoReturn:
    """End like Ctrl-C: no process, no temporary file is left behind.

    A terminal's end is told twice, by the system and by the shell; the second must not stop what tidies up.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt


def refuse(message: str, code: int) -> NoReturn:
    """Say so in one line on standard error, and exit."""
    try:
        print(plain(f"opbench: {message}"), file=sys.stderr, flush=True)
    except OSError:
        output.drop(sys.stderr)  # nobody can be told, and the exit code still says it
    sys.exit(code)
