"""git, asked beside the user: no hook runs, nothing of theirs is refreshed, and what it says is known English."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from opbench.errors import MachineError, UsageError

INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""Set by git for its hooks and aliases; they would send every command to another repository or index."""

QUIET = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
"""Messages as they are matched, no refreshing of the user's index by `git status`, no wait for a password."""


class GitError(MachineError):
    """git failed, in its own words; where a better sentence is known it is caught and replaced."""


def git(where: Path, *words: str) -> str:
    """What git prints. Raises GitError when it fails, UsageError when there is no git."""
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(where), *words]
    environment = {name: value for name, value in os.environ.items() if name not in INHERITED} | QUIET
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise UsageError(
            "git is not on PATH; install it (the gate takes stored files: --base-json, --head-json)"
        ) from None
    if run.returncode:
        lines = [line.strip() for line in run.stderr.splitlines() if line.strip()]
        first = next((index for index, line in enumerate(lines) if line.startswith(("fatal:", "error:"))), 0)
        message = " ".join(lines[first:]) or f"exit code {run.returncode}"
        raise GitError(f"git {words[0]} failed: {message.removeprefix('fatal: ')}")
    return run.stdout.rstrip("\n")
