"""`opbench history page`: the site of a history."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from opbench import catalog
from opbench.ceilings.tasks import SWEEP
from opbench.cli.plain import plain
from opbench.errors import UsageError
from opbench.history.commits import of_repository


def run(
    history: Path, to: Path, repository: Path | None, commit_url: str, control: tuple[str, ...], as_json: bool
) -> int:
    """Raises UsageError for a URL without a place for the commit, and as `write_site`."""
    if commit_url and "{commit}" not in commit_url:
        raise UsageError(f"--commit-url {commit_url!r:.80}: expected {{commit}} where the commit stands in it")
    if commit_url and not commit_url.startswith(("https://", "http://")):
        raise UsageError(f"--commit-url {commit_url!r:.80}: expected an address that begins with https:// or http://")
    write = catalog.shown_by("history.static_site.write_site")
    site = write(history, to, of_repository(repository), commit_url, control or controls(), control)
    for problem in site.problems:
        print(plain(f"opbench: {problem}"), file=sys.stderr)
    page = site.page.resolve()
    if as_json:
        print(json.dumps({"page": str(page), "cases": site.cases, "series": site.series, "steps": len(site.moved)}))
    else:
        print(f"{site.series} series of {site.cases} cases, {len(site.moved)} steps")
        print(f"page: {page}")
    return int(bool(site.problems))


def controls() -> frozenset[str]:
    """The operators that the machine itself is measured with, whatever code is under test."""
    return frozenset(name for grid in catalog.sweep(SWEEP).grids for name in grid.operators)
