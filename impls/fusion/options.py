"""What both commands of this folder read alike."""

from __future__ import annotations

from collections.abc import Iterable

from opbench.errors import unknown


def words_of(kind: str, text: str, known: Iterable[str]) -> list[str]:
    """Comma-separated names. Raises UsageError for one that there is not."""
    names, there = text.split(","), list(known)
    for name in names:
        if name not in there:
            raise unknown(kind, name, there)
    return names
