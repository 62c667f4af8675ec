"""The two ways a command can be refused: the request is wrong, or the machine cannot do it.

Every message says what came, what was expected, what exists and what to do next, on one line; the command
line prints it without a traceback and exits with the error's code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class OpbenchError(Exception):
    """Something the user can act on; the command line prints it as one line."""

    exit_code: ClassVar[int] = 2

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: one line, as the command line does."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(OpbenchError):
    """The request is wrong: an unknown name, a bad value, a folder that is not one. Exit code 2."""


class MachineError(OpbenchError):
    """The request is right, but this machine cannot do it: no device, no space. Exit code 3."""

    exit_code: ClassVar[int] = 3


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UsageError:
    """The error for a name that does not exist: lists those that do and points at the nearest."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    listing = ", ".join(names) if names else "none"
    return UsageError(f"no {kind} {name!r}{f' {where}' if where else ''}{hint}; there are: {listing}")


def first_line(text: object) -> str:
    """The first line of `str(text)` that is not blank, without the spaces around it; "" where there is none."""
    return next((line.strip() for line in str(text).splitlines() if line.strip()), "")


def describe_exception(exc: BaseException) -> str:
    """One line: the exception's type, and the first line of its message where it has one."""
    return ": ".join(filter(None, (type(exc).__name__, first_line(exc))))
