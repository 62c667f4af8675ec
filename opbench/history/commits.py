"""Which commit comes after which: by the repository where it is at hand, else by time.

Clocks jump, so a commit's date may lie before its parent's; the graph does not. What the repository no longer has,
because it was rebased away, stands where its time puts it and is marked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

from opbench.errors import UsageError
from opbench.gate.source.git import GitError, git

DIGITS = 12
"""Of a commit, that tell it from all others, as `opbench.process.environment.revision` writes them."""


@dataclass(frozen=True)
class Commits:
    """The commits of a repository, parents before children. times_s: seconds of the epoch, in that order.

    full: by the first 12 digits of each, all of them. An empty one knows no commit.
    """

    full: Mapping[str, str] = field(default_factory=dict)
    times_s: tuple[float, ...] = ()

    def __contains__(self, commit: str) -> bool:
        return commit[:DIGITS] in self.full

    def time(self, commit: str) -> datetime | None:
        """When it was committed, UTC; None for one that is not known."""
        place = self._places.get(commit[:DIGITS])
        return None if place is None else datetime.fromtimestamp(self.times_s[place], UTC)

    def ordered(self, moments_s: Mapping[str, float]) -> list[str]:
        """These commits, the oldest first. moments_s: when each was committed or, where unknown, measured.

        One that is not in the repository comes behind the last of those that are and are not younger than it. Times are
        made to rise for that: a clock that went back must not let a commit stand before its parent.
        """
        risen = list(accumulate(self.times_s, max))

        def place(commit: str) -> tuple[float, float, str]:
            known = self._places.get(commit[:DIGITS])
            behind = bisect_right(risen, moments_s[commit]) - 0.5
            return (behind if known is None else known, moments_s[commit], commit)

        return sorted(moments_s, key=place)

    @property
    def _places(self) -> dict[str, int]:
        found: dict[str, int] | None = self.__dict__.get("places")
        if found is None:
            found = {commit: place for place, commit in enumerate(self.full)}
            object.__setattr__(self, "places", found)
        return found


def of_repository(folder: Path | None) -> Commits:
    """All commits that any branch or tag of the repository leads to; none for None.

    Raises UsageError where the folder is no repository, or there is no git.
    """
    if folder is None:
        return Commits()
    try:
        said = git(folder, "log", "--all", "--topo-order", "--reverse", "--format=%H %ct")
    except GitError as exc:
        raise UsageError(f"--repository {folder}: git knows no commits there ({exc!s:.120}); leave it out") from exc
    pairs = [line.split() for line in said.splitlines()]
    return Commits({commit[:DIGITS]: commit for commit, _ in pairs}, tuple(float(time) for _, time in pairs))
