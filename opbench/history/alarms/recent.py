"""Which steps are news: those that lie among the newest commits, or after a given one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from opbench.errors import UsageError
from opbench.history.change_points import ChangePoint
from opbench.history.commits import DIGITS
from opbench.history.series import Series, Shared

NEWEST = 30
"""Commits that are looked at unasked. A step of 5 % in white noise of 2 % is found within ten points (docs/history.md),
where noise is correlated later: a month of daily runs."""

LEAST_DIGITS = 4

_HEX = re.compile(r"[0-9a-f]+")


def first_of(shared: Shared, newest: int = NEWEST, since: str = "") -> int:
    """The place in `shared.commits` of the first commit that counts.

    since: digits of a commit of the history; what lies after it counts. Raises UsageError for one that is not there,
    and where fewer than one are asked for.
    """
    if not since:
        if newest < 1:
            raise UsageError(f"--newest is {newest}; expected how many of the newest commits to look at, 1 or more")
        return max(len(shared.commits) - newest, 0)
    return max(_places(shared.commits, since)) + 1


def is_recent(series: Series, step: ChangePoint, first: int) -> bool:
    """Whether the step may have come with a commit from this place on."""
    return bool(series.commit[step.last] >= first)


def _places(commits: Sequence[str], since: str) -> list[int]:
    if len(since) < LEAST_DIGITS or not _HEX.fullmatch(since):
        raise UsageError(f"--since {since!r:.80}: expected {LEAST_DIGITS} or more digits of a commit of the history")
    found = [place for place, name in enumerate(commits) if name.startswith(since[:DIGITS])]
    if len({commits[place].partition("+")[0] for place in found}) > 1:
        raise UsageError(f"--since {since}: {len(found)} commits of the history begin so; give more digits")
    if not found:
        newest = ", ".join(commits[-3:][::-1]) or "none"
        raise UsageError(f"--since {since}: no commit of the history; the newest are {newest}")
    return found
