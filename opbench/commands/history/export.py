"""`opbench history export`: a history as files of another tool."""

from __future__ import annotations

import sys
from pathlib import Path

from opbench.cli.plain import plain
from opbench.history.commits import of_repository
from opbench.history.exports.writing import export


def run(history: Path, to: Path, form: str, repository: Path | None) -> int:
    count, problems = export(history, to, form, of_repository(repository))
    for problem in problems:
        print(plain(f"opbench: {problem}"), file=sys.stderr)
    print(f"{count} files below {to}")
    return int(bool(problems))
