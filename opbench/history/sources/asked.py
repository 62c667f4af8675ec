"""What every source is asked with, and what of an environment goes into a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opbench.gate.files.machine_info import comparable, environment_digest
from opbench.history.commits import Commits
from opbench.history.machine import machine


@dataclass(frozen=True)
class Asked:
    """machine: the name of the machine that measured, "" for this one's. commits: to know when each was made."""

    machine: str = ""
    commits: Commits = field(default_factory=Commits)

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
