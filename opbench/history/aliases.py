"""Renamed cases: `aliases.toml` in the history's folder says which old name goes on under which new one.

    [cases]
    "rowsum/float32/cpu/forward/wall/batch=1/eager" = "rowsum/float32/cpu/forward/wall/batch=1/torch_eager"

    [machines]
    "ci-old@1a2b3c" = "ci@1a2b3c"

Nothing is guessed: a case that is not named here ends under its old name and another begins under the new.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from opbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

FILE = "aliases.toml"


@dataclass(frozen=True)
class Aliases:
    """From old to new names; chains are followed to their ends."""

    cases: Mapping[str, str] = field(default_factory=dict)
    machines: Mapping[str, str] = field(default_factory=dict)


def read(folder: Path) -> Aliases:
    """Of a folder without the file there are none.

    Raises UsageError for a file that is not TOML, has other tables or values, or leads in a circle.
    """
    path = folder / FILE
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Aliases()
    except (OSError, ValueError, RecursionError) as exc:
        raise UsageError(f"{path} cannot be read as TOML: {exc}; mend it or remove it") from exc
    if others := sorted(told.keys() - {"cases", "machines"}):
        raise UsageError(f"{path} has a table {others[0]!r}; expected [cases] and [machines]")
    return Aliases(_resolved(told.get("cases", {}), path), _resolved(told.get("machines", {}), path))


def rename(frame: pd.DataFrame, aliases: Aliases) -> None:
    """New names in the place of old ones, in the columns `case` and `machine`, which are categories."""
    for column, names in (("case", aliases.cases), ("machine", aliases.machines)):
        here = {old: new for old, new in names.items() if old in frame[column].cat.categories}
        if here:
            frame[column] = frame[column].astype("object").replace(here).astype("category")


def _resolved(table: object, path: Path) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(new, str) for new in table.values()):
        raise UsageError(f'{path}: expected lines such as "old name" = "new name"')
    return {old: _end(old, table, path) for old in table}


def _end(name: str, table: Mapping[str, str], path: Path) -> str:
    passed = [name]
    while passed[-1] in table:
        passed.append(table[passed[-1]])
        if passed[-1] in passed[:-1]:
            raise UsageError(f"{path}: {' -> '.join(passed):.400} leads in a circle; remove one of these lines")
    return passed[-1]
