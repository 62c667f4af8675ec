"""Between which two commits a step can be measured again: points that lie surely on either side of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opbench.history.change_points import ChangePoint
from opbench.history.commits import DIGITS, Commits
from opbench.history.series import Series

DIRTY = "+"
"""In the name of a commit from which files differed: that checkout nobody has any more."""

Ancestor = Callable[[str, str], bool]
"""ancestor(old, new): whether new was made from old."""


def ends(series: Series, step: ChangePoint, commits: Commits, ancestor: Ancestor) -> tuple[str, str] | str:
    """Old and new, those nearest to the step; a sentence where there are none.

    A commit that was rebased away, or from which files differed, is passed over for the next one of the same level.
    Both as the repository has them, in full, or as the line does where there is no repository.
    """
    names, steps = series.names, series.steps
    left = max((one.last for one in steps if one.last < step.at), default=0)
    right = min((one.before for one in steps if one.at > step.last), default=len(names) - 1)
    new = next(_usable((names[at] for at in range(step.last, max(step.last, right) + 1)), commits), None)
    if new is None:
        return f"none of the commits after it is in the repository, from {names[step.last]} on"
    older = [names[at] for at in range(step.before, min(left, step.before) - 1, -1)]
    found = list(_usable(older, commits))
    if not found:
        return f"none of the commits before it is in the repository, up to {names[step.before]}"
    old = next((one for one in found if one != new and (not commits.full or ancestor(one, new))), None)
    if old is None:
        return f"{new[:DIGITS]} was not made from any of the commits before it, such as {found[0][:DIGITS]}"
    return old, new


def _usable(names: Iterable[str], commits: Commits) -> Iterable[str]:
    clean = (name for name in names if DIRTY not in name)
    if not commits.full:
        return iter(list(clean))
    return iter([commits.full[name[:DIGITS]] for name in clean if name in commits])
