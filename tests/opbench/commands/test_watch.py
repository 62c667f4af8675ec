"""`opbench watch`: which runs, what is printed at the end, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opbench import catalog
from opbench.commands.watch import run as watch
from opbench.errors import UsageError
from opbench.store import progress
from opbench.store.runs import Run, new_run
from opbench.vocabulary.record import Failed, Outcome
from tests.reports.builders import measured, record

CURSOR = "\x1b[?25h"
"""What a terminal is sent where a screen is over: its cursor back."""


def run_of(results: Path, sweep: str, hour: int, cases: int, *outcomes: Outcome) -> Run:
    run = new_run(results, sweep, datetime(2027, 1, 1, hour, tzinfo=UTC))
    progress.begin(run, cases, 0, 60, 0)
    run.append(record(outcome, channels=size) for size, outcome in enumerate(outcomes, 1))
    return run


def test_a_finished_run_is_summarised_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(tmp_path, "rows", 1, 2, measured(3e-3), measured(1e-3))
    page = run.write("report.html", b"")
    assert watch.run(("rows",), tmp_path, once=False, as_json=False) == 0
    out = capsys.readouterr().out
    assert "2/2 cases, finished" in out
    assert "3.00 ms" in out
    assert f"report: {page}" in out.replace("\n", "")


@pytest.mark.parametrize(
    ("cases", "outcome", "code", "says"),
    [(1, measured(), 0, "finished"), (2, measured(), 1, "ended early"), (1, Failed("check", "boom"), 1, "boom")],
)
def test_the_exit_code_says_whether_there_is_something_to_act_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cases: int, outcome: Outcome, code: int, says: str
) -> None:
    run_of(tmp_path, "rows", 1, cases, outcome)
    assert watch.run(("rows",), tmp_path, once=False, as_json=False) == code
    assert says in capsys.readouterr().out


def test_on_a_terminal_the_screen_is_drawn_at_every_look_and_the_end_is_summarised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    shown_by = catalog.shown_by
    view = shown_by("terminal.live_view.live_view")

    def noted(seen: object) -> object:
        shown.append(seen)
        return view(seen)

    monkeypatch.setattr(catalog, "shown_by", lambda name: noted if name.endswith("live_view") else shown_by(name))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    run_of(tmp_path, "rows", 1, 1, measured())
    assert watch.run(("rows",), tmp_path, once=False, as_json=False) == 0
    assert len(shown) == 1
    after = capsys.readouterr().out.rpartition(CURSOR)[2]
    assert after.count("1/1 cases, finished") == 1


def test_where_none_is_named_it_is_the_newest_of_all_sweeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for sweep, hour in (("b", 2), ("c", 3), ("a", 1)):
        run_of(tmp_path, sweep, hour, 1, measured())
    assert watch.run((), tmp_path, once=False, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["name"] == str(tmp_path / "c" / "2027-01-01T03-00-00Z")


def test_several_runs_are_looked_at_together_and_one_named_twice_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (run_of(tmp_path, "rows", hour, 1, measured()) for hour in (1, 2))
    names = (str(first.folder), "rows", f"rows/{second.folder.name}")
    assert watch.run(names, tmp_path, once=False, as_json=True) == 0
    found = [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()]
    assert found == [str(first.folder), str(second.folder)]


def test_once_says_how_a_running_one_stands_and_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(tmp_path, "rows", 1, 3, measured())
    with run.journal():
        assert watch.run((), tmp_path, once=True, as_json=False) == 0
    out = capsys.readouterr().out
    assert "1/3 cases, running" in out
    assert out.count("1/3 cases") == 1


@pytest.mark.parametrize(
    ("made", "named", "says"),
    [
        (lambda _: None, (), "no run under .*; `opbench sweep` makes one"),
        (lambda results: results.write_text(""), (), "is a file; expected a folder"),
        (lambda results: run_of(results, "rows", 1, 1), ("cols",), "no run 'cols' under .*; there are: rows/2027"),
    ],
)
def test_what_is_no_run_is_refused(
    tmp_path: Path, made: Callable[[Path], object], named: tuple[str, ...], says: str
) -> None:
    results = tmp_path / "results"
    made(results)
    with pytest.raises(UsageError, match=says):
        watch.run(named, results, once=False, as_json=False)
