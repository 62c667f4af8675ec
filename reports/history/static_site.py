"""A history as a static site: `index.html`, and `cases/DIGEST.html` for each case. Files are all there is of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from opbench.cache import content_digest
from opbench.errors import MachineError
from opbench.history import aliases, files
from opbench.history.attribution import Movement, movements, require_controls
from opbench.history.commits import Commits
from opbench.history.series import Series, series_of
from opbench.store.files import write_whole
from reports.history import case_page, front_page

CASES = "cases"

NOW_AND_THEN = 2
"""Commits that may be measured in two environments, as on the day of an upgrade."""

_PAGE = re.compile(r"[0-9a-f]+\.html")


@dataclass(frozen=True)
class Site:
    """What was written. page: the front page. pages: by case, where its page is beside it. problems: files left out."""

    page: Path
    pages: Mapping[str, str]
    series: int
    moved: tuple[Movement, ...]
    problems: tuple[str, ...]

    @property
    def cases(self) -> int:
        return len(self.pages)


def write_site(
    history: Path,
    to: Path,
    commits: Commits | None = None,
    commit_url: str = "",
    controls: Collection[str] = (),
    needed: Collection[str] = (),
) -> Site:
    """Write the site of a history's folder; pages of before are replaced, or removed where their case is gone.

    needed: controls that have to be there. Raises UsageError where there is no history, and for a needed control that
    no series is of; MachineError where the site cannot be written.
    """
    found = files.read(history)
    every = list(series_of(found.table, commits, aliases.read(history)))
    require_controls(every, needed)
    moved = movements(every, controls)
    told = [*found.problems, *warnings(every)]
    try:
        pages = _write_cases(to, every, moved, commit_url)
        front = to / "index.html"
        write_whole(front, front_page.render(every, moved, pages, told, commit_url).encode())
        _remove_others(to, pages)
    except OSError as exc:
        raise MachineError(f"cannot write the site to {to}: {exc.strerror}; choose another --to") from exc
    return Site(front, pages, len(every), tuple(moved), found.problems)


def warnings(every: Sequence[Series]) -> list[str]:
    """What makes lines less than they seem: several environments in one, commits that the repository lacks."""
    told = []
    if mixed := [series for series in every if series.mixed > NOW_AND_THEN]:
        told.append(
            f"{len(mixed)} lines mix environments, such as {mixed[0].case} on {mixed[0].machine}: {mixed[0].mixed} "
            "commits were measured in several. Steps are hidden there; add each under a --machine name of its own"
        )
    known = every[0].shared.known if every else np.ones(1)
    if 2 * int(known.sum()) < len(known):
        told.append(
            f"the repository has {int(known.sum())} of {len(known)} commits, the others stand by their time. Is it a "
            "shallow clone, which `git fetch --unshallow` makes whole, or one of something else?"
        )
    return told


def _remove_others(to: Path, pages: Mapping[str, str]) -> None:
    """Pages of cases that are gone; what is named otherwise is not ours."""
    kept = {to / page for page in pages.values()}
    for path in (to / CASES).glob("*.html"):
        if path not in kept and _PAGE.fullmatch(path.name):
            path.unlink()


def _write_cases(to: Path, every: list[Series], moved: list[Movement], commit_url: str) -> dict[str, str]:
    """Where the page of each case is, below `to`. They come without waiting for the disk: `write_whole` would."""
    (to / CASES).mkdir(parents=True, exist_ok=True)
    of_case: dict[str, list[Movement]] = {}
    for one in moved:
        of_case.setdefault(one.series.case, []).append(one)
    pages = {}
    for case, lines in groupby(every, key=lambda series: series.case):
        pages[case] = f"{CASES}/{content_digest(case)}.html"
        text = case_page.render(list(lines), of_case.get(case, []), commit_url)
        (to / pages[case]).write_text(text, encoding="utf-8")
    return pages
