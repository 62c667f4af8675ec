"""What both commands of this folder read alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from opbench.errors import MachineError, unknown


def words_of(kind: str, text: str, known: Iterable[str]) -> list[str]:
    """Comma-separated names. Raises UsageError for one that there is not."""
    names, there = text.split(","), list(known)
    for name in names:
        if name not in there:
            raise unknown(kind, name, there)
    return names


def check_writable(path: Path) -> None:
    """Whether a file can be written there, before work is done for it; nothing is left behind or changed.

    Raises MachineError where it cannot.
    """
    there = path.exists()
    try:
        path.open("a").close()
        if not there:
            path.unlink()
    except OSError as exc:
        raise unwritable(path, exc) from exc


def unwritable(path: Path, exc: OSError) -> MachineError:
    return MachineError(f"cannot write {path} ({exc.strerror}); name a file in a folder that exists, with --records")
