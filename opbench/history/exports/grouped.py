"""The rows of a history as other tools have them: by machine, commit and environment, and there by case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from opbench.history.aliases import Aliases
from opbench.history.commits import DIGITS, Commits
from opbench.history.row import json_object

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class GroupedCase:
    """One case in one group. medians_s: of its processes, in the order they were measured.

    low_s, high_s: the median over processes of their quartiles. samples: of all processes.
    """

    case: str
    operator: str
    setting: tuple[str, ...]
    axes: Mapping[str, Any]
    medians_s: tuple[float, ...]
    low_s: float
    high_s: float
    samples: int
    started: datetime | None

    @property
    def median_s(self) -> float:
        return float(np.median(self.medians_s))


@dataclass(frozen=True)
class Group:
    """All cases of a commit in an environment on a machine. commit: whole where the repository was at hand.

    time: of the commit, else when it was first measured; None where neither is known.
    """

    machine: str
    commit: str
    dirty: bool
    time: datetime | None
    environment: str
    facts: Mapping[str, Any]
    cases: Sequence[GroupedCase]


SETTING = ("backend", "dtype", "device", "mode", "clock")


def groups(table: pa.Table, commits: Commits, aliases: Aliases | None = None) -> Iterator[Group]:
    """Every row counts, contended ones too: other tools have no mark for them. aliases: names that go on as others."""
    frame = table.to_pandas()
    if aliases is not None:
        for column, names in (("case", aliases.cases), ("machine", aliases.machines)):
            frame[column] = frame[column].astype(str).replace(dict(names))
    frame["short"] = frame["commit"].astype(str).str[:DIGITS]
    for (machine, short, dirty, environment), part in frame.groupby(
        ["machine", "short", "dirty", "environment"], observed=True, sort=True
    ):
        made = part["commit_time"].min()
        first = part["started"].min()
        yield Group(
            machine=str(machine),
            commit=commits.full.get(str(short), str(max(part["commit"].astype(str), key=len))),
            dirty=bool(dirty),
            time=commits.time(str(short)) or _time(made) or _time(first),
            environment=str(environment),
            facts=json_object(part["facts"].iloc[0]),
            cases=[_measured(str(case), one) for case, one in part.groupby("case", observed=True, sort=True)],
        )


def _measured(case: str, rows: pd.DataFrame) -> GroupedCase:
    rows = rows.sort_values(["started", "process"])
    first = rows.iloc[0]
    return GroupedCase(
        case=case,
        operator=str(first["operator"]),
        setting=tuple(str(first[name]) for name in SETTING),
        axes=json_object(first["axes"]),
        medians_s=tuple(rows["median_s"].tolist()),
        low_s=float(rows["low_s"].median()),
        high_s=float(rows["high_s"].median()),
        samples=int(rows["samples"].sum()),
        started=_time(rows["started"].min()),
    )


def _time(value: Any) -> datetime | None:
    return None if value is None or value != value else value.to_pydatetime()  # noqa: PLR0124  (NaT)
