"""Between which two commits a step can be measured again: points that lie surely on either side of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opbench.history.change_points import ChangePoint
from opbench.history.commits import DIGITS, Commits
from opbench.history.series import Series

DIRTY = "+"
"""In the name of a commit from which files differed: that checkout nobody has any more."""

MARGIN = 3
"""Points beyond the interval of 95 % in which a step lies, at which both sides are measured: where it lies elsewhere,
both would be on one side, and a true step be called noise. Of 365 alarms of true steps of 5 % in replayed months
(`benchmarks.history.months`), 27 were with 0, 16 with 1, 11 with 2, 7 with 3, 3 with 5."""

Ancestor = Callable[[str, str], bool]
"""ancestor(old, new): whether new was made from old."""


def ends(series: Series, step: ChangePoint, commits: Commits, ancestor: Ancestor) -> tuple[str, str] | str:
    """Old and new, MARGIN beyond the step where its levels reach so far; a sentence where there are none.

    A commit that was rebased away, or from which files differed, is passed over for the next one of the same level.
    Both as the repository has them, in full, or as the line does where there is no repository.
    """
    names, steps = series.names, series.steps
    left = max((one.last for one in steps if one.last < step.at), default=0)
    right = min((one.before for one in steps if one.at > step.last), default=len(names) - 1)
    later = [names[at] for at in _outwards(step.last, max(right, step.last))]
    new = next(iter(_usable(later, commits)), None)
    if new is None:
        return f"none of the commits after it is in the repository, from {names[step.last]} on"
    older = [names[at] for at in _outwards(step.before, min(left, step.before))]
    found = _usable(older, commits)
    if not found:
        return f"none of the commits before it is in the repository, up to {names[step.before]}"
    old = next((one for one in found if one != new and (not commits.full or ancestor(one, new))), None)
    if old is None:
        return f"{new[:DIGITS]} was not made from any of the commits before it, such as {found[0][:DIGITS]}"
    return old, new


def _outwards(edge: int, level_end: int) -> list[int]:
    """Points of one level, MARGIN from its edge at the step first, then on to its other end, then back to the edge."""
    way = 1 if level_end >= edge else -1
    points = list(range(edge, level_end + way, way))
    margin = min(MARGIN, len(points) - 1)
    return points[margin:] + points[:margin][::-1]


def _usable(names: Sequence[str], commits: Commits) -> list[str]:
    clean = [name for name in names if DIRTY not in name]
    return [commits.full[name[:DIGITS]] for name in clean if name in commits] if commits.full else clean
