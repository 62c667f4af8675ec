"""The screen of a run that is watched: how far it is, its last rows, what is slow and what failed."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from opbench.live.picture import RUNNING, Picture, Progress, Row, Slow
from opbench.vocabulary.record import Failed, Record
from reports.terminal.live_view import LATEST, live_view, summary

from ..builders import measured, record

EVIL = "\x1b[2J[red]"


def picture(name: str, *latest: Record, left_s: float | None = 61.0) -> Picture:
    found = [Row(one) for one in latest]
    return Picture(
        progress=Progress(name, RUNNING, len(found), 9, 5.0, left_s, 1.0, ""),
        counts={"measured": len(found)},
        marked=0,
        wrong=sum(row.wrong for row in found),
        latest=list(reversed(found)),
        slowest=[Slow(row, 2e-3, 4.0) for row in found if not row.wrong],
        failures=[row for row in found if row.wrong],
        contended=[],
        rows=len(found),
        report=Path("report.html"),
    )


def drawn(shown: object, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(shown)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_screen_has_progress_and_rows_oldest_first() -> None:
    shown = drawn(live_view([picture("rows/one", *(record(measured(), channels=size) for size in (3, 5)))]))
    assert "2/9 cases, running, 0:05 elapsed, 1:01 left" in shown
    assert shown.index("channels=3") < shown.index("channels=5")
    assert "2.00 ms" in shown
    assert "4.00×" in shown


def test_what_failed_is_named_and_acts_on_no_terminal() -> None:
    shown = drawn(live_view([picture("rows/one", record(Failed("check", EVIL), EVIL))]))
    assert "failed, wrong or contended" in shown
    assert r"\x1b[2J[red]" in shown
    assert "\x1b" not in shown


def test_of_several_runs_each_has_a_part_of_the_screen_and_a_narrow_one_is_kept() -> None:
    runs = [picture(f"rows/{name}", *(record(channels=size) for size in range(1, 12))) for name in "ab"]
    shown = drawn(live_view(runs), width=70)
    assert ("rows/a" in shown, "rows/b" in shown) == (True, True)
    assert shown.count("channels=11 ") == 2
    assert shown.count("10 us") == 2 * LATEST // 2
    assert max(map(len, shown.splitlines())) <= 70


def test_a_long_reason_leaves_its_case_and_its_backend_to_be_read() -> None:
    shown = drawn(live_view([picture("rows/one", record(Failed("check", "word " * 99), channels=17))]), width=80)
    assert shown.count("rowsum channels=17") == 2
    assert shown.count("torch_eager") == 2


def test_a_summary_has_no_last_rows() -> None:
    shown = drawn(summary([picture("rows/one", record())]))
    assert "slowest" in shown
    assert "latest" not in shown
