"""A history as a static site: `index.html`, and `cases/DIGEST.html` for each case. Files are all there is of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from opbench.cache import content_digest
from opbench.errors import MachineError
from opbench.history import aliases, files
from opbench.history.attribution import Movement, movements
from opbench.history.commits import Commits
from opbench.history.series import Series, series_of
from opbench.store.files import write_whole
from reports.history import case_page, front_page

CASES = "cases"


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
) -> Site:
    """Write the site of a history's folder; pages of before are replaced, the front page last.

    Raises UsageError where there is no history, MachineError where the site cannot be written.
    """
    found = files.read(history)
    every = list(series_of(found.table, commits, aliases.read(history)))
    moved = movements(every, controls)
    try:
        pages = _write_cases(to, every, moved, commit_url)
        front = to / "index.html"
        write_whole(front, front_page.render(every, moved, pages, found.problems, commit_url).encode())
    except OSError as exc:
        raise MachineError(f"cannot write the site to {to}: {exc.strerror}; choose another --to") from exc
    return Site(front, pages, len(every), tuple(moved), found.problems)


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
