"""How the commands of this folder end: done, or one line on what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable

from opbench.cli.plain import plain
from opbench.errors import OpbenchError


def exit_code(name: str, work: Callable[[], object]) -> int:
    """Do the work of the command `name`. 0, or the exit code of an error, whose line goes to standard error."""
    try:
        work()
    except OpbenchError as exc:
        print(plain(f"{name}: {exc}"), file=sys.stderr)
        return exc.exit_code
    return 0
