"""Rows to points: the median over processes of each commit and environment, for all series of a history at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Points of all series, one after the other. starts: where each series begins, and where the last one ends.

    squares: of each point, the sum of squares by which logarithms of its processes differ from their mean.
    """

    case: Any
    machine: Any
    operator: Any
    starts: Places
    commit: Places
    environment: Places
    median_s: Values
    low_s: Values
    high_s: Values
    processes: Places
    contended: NDArray[np.bool_]
    squares: Values

    @classmethod
    def of(cls, frame: pd.DataFrame, order: Places, keys: list[Places]) -> Points:
        """keys: case, machine, commit and environment of the rows in `order`, by which they are sorted."""
        case, machine, commit, environment = keys
        busy = frame["contended"].to_numpy()[order]
        begins = begins_of(*keys)
        alone = np.logical_and.reduceat(busy, begins)  # where every process was disturbed, these are all there is
        kept = ~busy | np.repeat(alone, np.diff(np.append(begins, len(busy))))
        order, case, machine, commit, environment = (one[kept] for one in (order, *keys))
        begins = begins_of(case, machine, commit, environment)
        ends = np.append(begins[1:], len(order)) - 1
        values = frame["median_s"].to_numpy()[order]
        count = ends - begins + 1
        middle = (values[begins + (count - 1) // 2] + values[begins + count // 2]) / 2
        logs = np.log(values)
        mean = np.add.reduceat(logs, begins) / count
        squares = np.add.reduceat((logs - np.repeat(mean, count)) ** 2, begins)
        cases, machines, operators = (
            frame[name].iloc[order[begins]].astype(str).to_numpy() for name in ("case", "machine", "operator")
        )
        starts = np.append(begins_of(case[begins], machine[begins]), len(begins))
        return cls(
            cases,
            machines,
            operators,
            starts,
            commit[begins],
            environment[begins].astype(np.int64),
            middle,
            values[begins],
            values[ends],
            count,
            alone,
            squares,
        )


def begins_of(*keys: Places) -> Places:
    """Where another value of one of the keys begins; the keys are sorted."""
    changed = np.zeros(len(keys[0]), dtype=bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    found: Places = np.flatnonzero(changed)
    return found


def first_of(place: Places, environment: Places, started: Places) -> Places:
    """When the first row of the same commit and environment was begun, for each row."""
    _, group = np.unique(place * (int(environment.max()) + 1) + environment, return_inverse=True)
    first = np.full(int(group.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, group, started)
    found: Places = first[group]
    return found
