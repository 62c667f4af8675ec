"""What every source is asked with, and what of an environment goes into a row."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opbench.errors import UsageError
from opbench.history.commits import Commits
from opbench.history.machine import machine
from opbench.store.environment_facts import comparable, environment_digest

_REVISION = re.compile(r"[0-9a-f]{7,64}(\+dirty)?")


@dataclass(frozen=True)
class Asked:
    """machine: the name of the machine that measured, "" for this one's. commits: to know when each was made.

    revision: the commit that was measured, in the place of what a sweep's records say, which is opbench's own; "" for
    theirs.
    """

    machine: str = ""
    commits: Commits = field(default_factory=Commits)
    revision: str = ""

    def __post_init__(self) -> None:
        """Raises UsageError for what is no commit."""
        if self.revision and not _REVISION.fullmatch(self.revision):
            raise UsageError(
                f"--commit {self.revision!r:.80}; expected 7 to 64 hexadecimal digits, and `+dirty` where files differ"
            )

    def measured_revision(self, recorded: str) -> str:
        """Of a sweep whose records say `recorded`. Raises UsageError where nobody knows the commit."""
        if (self.revision or recorded) in {"", "unknown"}:
            raise UsageError(
                "the commit is unknown: this opbench is not run from a checkout; say what was measured, "
                "--commit $(git rev-parse HEAD)"
            )
        return self.revision or recorded

    def circumstances(self, environment: Mapping[str, Any]) -> dict[str, str]:
        """The columns `machine`, `environment` and `facts` of what was measured in this environment."""
        facts = json.dumps(comparable(environment), sort_keys=True, default=str)
        return {
            "machine": machine(environment, self.machine).id,
            "environment": environment_digest(environment),
            "facts": facts,
        }

    def commit(self, revision: str, time: datetime | None = None) -> dict[str, Any]:
        """The columns `commit`, `dirty` and `commit_time`. time: what the source says; the repository overrules it."""
        commit, _, dirty = revision.partition("+")
        return {"commit": commit, "dirty": bool(dirty), "commit_time": self.commits.time(commit) or time}


def moment(text: Any) -> datetime | None:
    """An ISO time, in UTC where it names no zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
