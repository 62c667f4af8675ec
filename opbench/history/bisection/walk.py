"""git bisect's walk, with marks from elsewhere: halve what is left until one commit is, or only skipped ones are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log2
from typing import Protocol


class Mark(StrEnum):
    """What a commit is. SKIP: nobody can say."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


class Commits(Protocol):
    """What the walk asks of a repository, see `graph.Graph`."""

    def halving(self, bad: str, goods: Collection[str]) -> list[str]:
        """Commits that may be the first bad one, without `bad`, in the order in which to ask about them."""
        ...


@dataclass(frozen=True)
class Walked:
    """first_bad: the first that is bad. or_one_of: skipped commits that may be it instead, none where it is sure."""

    first_bad: str
    or_one_of: tuple[str, ...] = ()


def walk(commits: Commits, good: str, bad: str, mark: Callable[[str], Mark]) -> Walked:
    """good, bad: known to be so. mark: asked about one commit at a time, about none twice."""
    goods, skipped = [good], set[str]()
    while True:
        left = commits.halving(bad, goods)
        asked = next((commit for commit in left if commit not in skipped), None)
        if asked is None:
            return Walked(bad, tuple(left))
        match mark(asked):
            case Mark.GOOD:
                goods.append(asked)
            case Mark.BAD:
                bad = asked
            case Mark.SKIP:
                skipped.add(asked)


def most_marks(count: int) -> int:
    """How many marks it takes at most, where none is skipped and commits are in one line. count: `bad` included."""
    return ceil(log2(count))
