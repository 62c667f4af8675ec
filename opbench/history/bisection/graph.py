"""The commits between a good and a bad one, as git halves them; nothing is checked out and no reference is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from opbench.errors import UsageError
from opbench.gate.source.git import git
from opbench.gate.source.worktrees import is_ancestor


@dataclass(frozen=True)
class Graph:
    """root: the top level of the repository. first_parent: merges count as one commit, of the branch merged into."""

    root: Path
    first_parent: bool = False

    def require_between(self, good: str, bad: str) -> None:
        """Raises UsageError where `bad` was not made from `good`, or is it."""
        if good == bad:
            raise UsageError(
                f"--good and --bad are one commit, {good[:12]}; expected one before and one after the change"
            )
        if not is_ancestor(good, bad, self.root):
            raise UsageError(
                f"{bad[:12]} was not made from {good[:12]}: which of the commits between came later nobody can say; "
                f"expected an ancestor for --good, such as `git merge-base {good[:12]} {bad[:12]}`"
            )

    def halving(self, bad: str, goods: Collection[str]) -> list[str]:
        """Commits that may be the first bad one, without `bad`, the one that halves them best before all others."""
        lines = git(self.root, "rev-list", "--bisect-all", *self._words, bad, "--not", *goods).splitlines()
        return [commit for commit in (line.split()[0] for line in lines) if commit != bad]

    def count(self, good: str, bad: str) -> int:
        """How many commits may be the first bad one, `bad` included."""
        return int(git(self.root, "rev-list", "--count", *self._words, bad, "--not", good))

    def parent(self, commit: str) -> str:
        """The first."""
        return git(self.root, "rev-parse", "--verify", f"{commit}^1")

    def subject(self, commit: str) -> str:
        """The first line of its message."""
        return git(self.root, "show", "--no-patch", "--format=%s", commit)

    @property
    def _words(self) -> list[str]:
        return ["--first-parent"] if self.first_parent else []
