"""The site of a history: a page a case, sorted by what moved, whatever names hold; and how a browser shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from opbench.errors import MachineError, UsageError
from opbench.history.commits import Commits
from opbench.history.files import SUFFIX
from opbench.history.row import HistoryRow
from reports.history.static_site import Site, write_site
from tests.opbench.history.builders import at_commit, facts, history, line

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

URL = "https://example.org/commit/{commit}"


def steady(ratio: float, count: int = 31, at: int = 17) -> list[float]:
    values = 1e-3 * (1 + 0.004 * np.sin(7.3 * np.arange(count) ** 1.1))
    values[at:] *= ratio
    return [float(one) for one in values]


def rows() -> list[HistoryRow]:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    changed = [replace(row, **(old if at < 9 else new)) for at, row in enumerate(line(steady(1.3), case="slower <b>x"))]
    changed[3] = replace(changed[3], contended=True, dirty=True)
    second = [replace(row, process=1, median_s=1.01 * row.median_s) for row in changed]
    other = line(steady(0.9), case="slower <b>x", machine="old@000000")
    every = [*changed, *second, *other, *line(steady(1.0), case="same"), at_commit(1, 2e-3, case="once")]
    return [replace(row, run="all") for row in every]  # a file a machine, and not one a commit


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("history")
    kept = history(folder / "kept", rows())
    (kept / f"torn{SUFFIX}").write_bytes(b"PAR1")
    return write_site(kept, folder / "site", commit_url=URL)


def test_the_site_is_an_index_and_a_page_for_each_case(site: Site) -> None:
    pages = sorted(path.relative_to(site.page.parent) for path in site.page.parent.rglob("*.html"))
    assert len(pages) == 1 + 3
    assert (site.cases, site.series, len(site.moved)) == (3, 4, 2)
    assert len(site.problems) == 1


def test_what_moved_most_comes_first_and_no_name_acts(site: Site) -> None:
    text = site.page.read_text(encoding="utf-8")
    places = [text.index(one) for one in ("+29.", "-10.", ">once<", ">same<")]
    assert places[0] < places[1] < min(places[2:])
    assert "slower &lt;b&gt;x" in text
    assert "<b>" not in text
    assert "half-written" in text
    assert text.count("<script") == 1


def test_the_page_of_a_case_has_its_machines_steps_environments_and_every_point(site: Site) -> None:
    moved = next(one for one in site.moved if one.series.machine.startswith("ci"))
    text = (site.page.parent / site.pages["slower <b>x"]).read_text(encoding="utf-8")
    assert "<h2>ci</h2>" in text
    assert "<h2>old</h2>" in text
    assert "versions.torch 2.12.0 to 2.13.0" in text
    commit = moved.commits[1]
    assert f'<a href="https://example.org/commit/{commit}">{commit}</a>' in text
    assert text.count('class="busy"') == 1
    assert text.count('class="band"') == 1
    assert text.count("<circle") == 2 * 31
    assert text.count("+dirty</a>") == 1
    assert 'commit/000000000003"' in text


def test_contended_points_move_no_level_no_latest_value_and_no_scale(tmp_path: Path) -> None:
    rows = line(steady(1.3), run="all")
    for at in (3, 20, 30):
        rows[at] = replace(rows[at], contended=True)
    plain = write_site(history(tmp_path / "b", rows), tmp_path / "to-b")
    for at in (3, 20, 30):
        rows[at] = replace(rows[at], median_s=9.0, low_s=8.0, high_s=10.0)
    shouted = write_site(history(tmp_path / "c", rows), tmp_path / "to-c")
    (case,) = shouted.pages.values()
    levels = [
        re.findall(r'class="(?:level|grid)" d="([^"]*)"', (site.page.parent / case).read_text(encoding="utf-8"))
        for site in (plain, shouted)
    ]
    assert levels[0] == levels[1] != []
    assert shouted.page.read_bytes() == plain.page.read_bytes()


def test_pages_say_where_a_line_mixes_environments_and_where_the_repository_lacks_commits(tmp_path: Path) -> None:
    old, new = facts(torch="2.12.0"), facts(torch="2.13.0")
    made = [replace(row, run="all", **one) for one in (old, new) for row in line(steady(1.0, 5, 4))]
    kept = history(tmp_path / "kept", made)
    graph = Commits({at_commit(1, 1.0).commit: "f" * 40}, (0.0,))
    text = write_site(kept, tmp_path / "site", graph).page.read_text(encoding="utf-8")
    assert "1 lines mix environments" in text
    assert "5 commits were measured in several" in text
    assert "the repository has 1 of 5 commits" in text
    upgrade = [replace(row, **(old if at < 3 else new)) for at, row in enumerate(line(steady(1.0, 5, 4), run="all"))]
    kept = history(tmp_path / "upgrade", [*upgrade, replace(upgrade[2], **new)])
    assert "mix environments" not in write_site(kept, tmp_path / "site").page.read_text(encoding="utf-8")


def test_pages_of_cases_that_are_gone_go_and_other_files_stay(tmp_path: Path) -> None:
    first = write_site(history(tmp_path / "a", line([1.0, 2.0], case="a")), tmp_path / "site")
    (tmp_path / "site" / "cases" / "notes.html").write_text("mine")
    second = write_site(history(tmp_path / "b", line([1.0, 2.0], case="b")), tmp_path / "site")
    (gone,), (here,) = first.pages.values(), second.pages.values()
    assert {path.name for path in (tmp_path / "site" / "cases").iterdir()} == {"notes.html", Path(here).name}
    assert gone != here


def test_a_control_that_no_line_is_of_is_refused(tmp_path: Path) -> None:
    kept = history(tmp_path / "kept", line([1.0, 2.0]))
    write_site(kept, tmp_path / "site", controls=["rowsum"], needed=["rowsum"])
    with pytest.raises(UsageError, match=r"no control 'rowsun'.*there are: rowsum"):
        write_site(kept, tmp_path / "site", controls=["rowsun"], needed=["rowsun"])


def test_the_same_rows_are_the_same_bytes(site: Site, tmp_path: Path) -> None:
    again = write_site(history(tmp_path / "kept", rows()), tmp_path / "site", commit_url=URL)
    for path in sorted((site.page.parent / "cases").iterdir()):
        assert (again.page.parent / "cases" / path.name).read_bytes() == path.read_bytes()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    kept = history(tmp_path / "kept", rows()[-1:])
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="choose another --to"):
        write_site(kept, tmp_path / "file")


@pytest.fixture
def visited(browser: Browser, site: Site) -> Iterator[Page]:
    """The front page, on a phone in the dark. Nothing may be asked for but files of the site, and no error written."""
    said: list[str] = []
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    root = site.page.parent.as_uri()
    page.on("request", lambda request: None if request.url.startswith(root) else said.append(request.url))
    page.goto(site.page.as_uri())
    yield page
    context.close()
    assert said == []


def test_a_reader_filters_by_cause_goes_to_a_case_and_back(visited: Page) -> None:
    visited.locator("#filters summary", has_text="Cause").click()
    visited.get_by_label("did not move").click()
    shown = visited.locator("table.sortable tbody tr")
    assert shown.count() == 2
    shown.first.get_by_role("link", name="slower").click()
    assert visited.locator("h1").inner_text() == "slower <b>x"
    visited.locator("summary", has_text="All 31 points").first.click()
    assert visited.locator("details[open] tbody tr").count() == 31
    widths = visited.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    visited.get_by_role("link", name="opbench history").click()
    assert visited.locator("h1").inner_text() == "What moved"


def test_a_case_is_whole_without_scripts_and_its_colours_follow_the_theme(browser: Browser, site: Site) -> None:
    page_file = site.page.parent / site.pages["slower <b>x"]
    for enabled in (False, True):
        context = browser.new_context(java_script_enabled=enabled, color_scheme="dark")
        page = context.new_page()
        page.goto(page_file.as_uri())
        assert page.locator("svg.line").count() == 2
        assert page.locator("button.theme").count() == int(enabled)
        colour = page.locator("svg.line .mid").first.evaluate("one => getComputedStyle(one).stroke")
        assert colour == "rgb(86, 180, 233)"
        context.close()
