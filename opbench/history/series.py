"""Rows to series: what one case took on one machine, a point for each commit and environment, the oldest first.

A million rows are grouped by NumPy, not one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from opbench.history.aliases import Aliases, rename
from opbench.history.change_points import ChangePoint, change_points
from opbench.history.commits import DIGITS, Commits
from opbench.history.points import Points, first_of
from opbench.history.row import json_object

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Shared:
    """What all series of a history share. Lists that numbers in series point into.

    commits: with `+dirty` where files differed. times_s: of each, seconds of the epoch, NaN where nobody knows.
    known: whether the repository has it; all true where none was asked.
    facts: by environment.
    """

    commits: list[str]
    times_s: Values
    known: NDArray[np.bool_]
    environments: list[str]
    facts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Series:
    """Arrays of one entry a point. commit, environment: numbers in `shared`.

    median_s: median over the processes of their medians; low_s, high_s: the quickest and slowest process.
    processes: how many there were. contended: all of them beside other work, so that the point counts for nothing.
    noise: variance of the logarithm of a point, from how its processes differ; 0 where every point has one.
    """

    case: str
    machine: str
    operator: str
    shared: Shared
    commit: Places
    environment: Places
    median_s: Values
    low_s: Values
    high_s: Values
    processes: Places
    contended: NDArray[np.bool_]
    noise: float

    def __len__(self) -> int:
        return len(self.commit)

    @cached_property
    def counting(self) -> Places:
        """Indices of the points that count: all but contended ones, or all where there are no others."""
        quiet = np.flatnonzero(~self.contended)
        return quiet if len(quiet) else np.arange(len(self))

    @cached_property
    def mixed(self) -> int:
        """How many commits were measured in several environments: more than a few, and the line is two in one."""
        changed, here = np.diff(self.environment) != 0, np.diff(self.commit) == 0
        return len(np.unique(self.commit[1:][changed & here]))

    @cached_property
    def steps(self) -> list[ChangePoint]:
        """Its change points, by index of points; contended ones are passed over."""
        quiet = np.flatnonzero(~self.contended)
        found = change_points(self.median_s[quiet], self.noise)
        return [one.moved_to(quiet) for one in found]

    @property
    def names(self) -> list[str]:
        """The commit of each point."""
        return [self.shared.commits[place] for place in self.commit]

    def facts(self, at: int) -> Mapping[str, Any]:
        """Of the environment of the point at this index."""
        return self.shared.facts[self.shared.environments[self.environment[at]]]

    def environment_changes(self) -> list[tuple[int, list[str]]]:
        """Index of each point whose environment is another than that of the point before, and what differs."""
        facts, names = self.shared.facts, self.shared.environments
        changed = np.flatnonzero(np.diff(self.environment)) + 1
        told = (
            (int(at), differences(facts[names[self.environment[at - 1]]], facts[names[self.environment[at]]]))
            for at in changed
        )
        return [(at, what) for at, what in told if what]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`versions.torch 2.12.0 to 2.13.0`, by key."""
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return [f"{key} {old.get(key, 'none')} to {new.get(key, 'none')}" for key in keys]


def series_of(table: pa.Table, commits: Commits | None = None, aliases: Aliases | None = None) -> Iterator[Series]:
    """All series of these rows, by case and machine. commits: their order; by time where left out."""
    commits, aliases = commits or Commits(), aliases or Aliases()
    frame = table.select([*_USED]).to_pandas(strings_to_categorical=True)
    if frame.empty:
        return
    rename(frame, aliases)
    frame["commit"] = _with_dirt(frame)
    shared, rank = _shared(frame, commits)
    keys = [frame[name].cat.codes.to_numpy() for name in ("case", "machine")]
    place, environment = rank[frame["commit"].cat.codes.to_numpy()], frame["environment"].cat.codes.to_numpy()
    started = frame["started"].fillna(_LATEST).astype("int64").to_numpy()
    first = first_of(place, environment, started)
    order = np.lexsort((frame["median_s"].to_numpy(), environment, first, place, keys[1], keys[0]))
    points = Points.of(frame, order, [*(key[order] for key in keys), place[order], environment[order]])
    yield from _each(points, shared)


_USED: tuple[str, ...] = (
    *("case", "machine", "operator", "commit", "dirty", "commit_time"),
    *("environment", "facts", "started", "median_s", "contended"),
)


_LATEST = datetime.max.replace(year=2261, tzinfo=UTC)
"""In the place of a time that is not known: the last year that pandas counts in nanoseconds."""


def _with_dirt(frame: pd.DataFrame) -> pd.Series[Any]:
    """Commits by their first twelve digits, so that sources that write more agree, with `+dirty` where they were."""
    import pandas as pd

    short = frame["commit"].cat.categories.str[:DIGITS].to_numpy(dtype=object)
    names = np.concatenate([short, short + "+dirty"])
    codes = frame["commit"].cat.codes.to_numpy() + len(short) * frame["dirty"].to_numpy()
    kept, codes = np.unique(codes, return_inverse=True)
    unique, again = np.unique(names[kept].astype(str), return_inverse=True)
    return pd.Series(pd.Categorical.from_codes(again[codes], categories=pd.Index(unique)), index=frame.index)


def _shared(frame: pd.DataFrame, commits: Commits) -> tuple[Shared, Places]:
    """And the place of each commit, by its code in the frame. One of which no time is known comes last."""
    import pandas as pd

    names = [str(name) for name in frame["commit"].cat.categories]
    codes = frame["commit"].cat.codes
    made, begun = (
        frame[column].groupby(codes).min().reindex(range(len(names))) for column in ("commit_time", "started")
    )
    times = made.fillna(begun)
    told = {name: float("inf") if pd.isna(time) else time.timestamp() for name, time in zip(names, times, strict=True)}
    moments = {
        name: time if (known := commits.time(name)) is None else known.timestamp() for name, time in told.items()
    }
    ordered = commits.ordered(moments)
    rank = {name: place for place, name in enumerate(ordered)}
    facts = frame.drop_duplicates("environment").set_index("environment")["facts"].astype(str)
    shared = Shared(
        ordered,
        np.array([moments[name] if np.isfinite(moments[name]) else np.nan for name in ordered]),
        np.array([not commits.full or name in commits for name in ordered]),
        [str(name) for name in frame["environment"].cat.categories],
        {str(name): json_object(text) for name, text in facts.items()},
    )
    return shared, np.array([rank[name] for name in names], dtype=np.int64)


def _each(points: Points, shared: Shared) -> Iterator[Series]:
    for begin, end in zip(points.starts[:-1], points.starts[1:], strict=True):
        part = slice(begin, end)
        count = points.processes[part]
        free = int((count - 1).sum())
        noise = float(points.squares[part].sum() / free * (1 / count).mean()) if free else 0.0
        yield Series(
            points.case[begin],
            points.machine[begin],
            points.operator[begin],
            shared,
            points.commit[part],
            points.environment[part],
            points.median_s[part],
            points.low_s[part],
            points.high_s[part],
            count,
            points.contended[part],
            noise,
        )
