"""How a program that is a module of its own (`python -m ...`) ends: done, or one line on what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable

from opbench.cli.plain import plain
from opbench.errors import OpbenchError


def exit_code(name: str, work: Callable[[], object]) -> int:
    """Do the work of the program `name`. 0, or the exit code of an error, whose line goes to standard error."""
    try:
        work()
    except OpbenchError as exc:
        print(plain(f"{name}: {exc}"), file=sys.stderr)
        return exc.exit_code
    return 0
