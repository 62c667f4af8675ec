"""Where rows go, and what is said of them besides: the options that `history add` and `sweep` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Into:
    """folder: of the history. machine: "" for this one's name. repository: a clone of what was measured. commit: what
    was measured, "" for what the records say.
    """

    folder: Path
    machine: str = ""
    repository: Path | None = None
    commit: str = ""
