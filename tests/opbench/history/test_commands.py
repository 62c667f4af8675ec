"""`opbench history`: what it prints for people and for machines, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from opbench import catalog
from opbench.commands.history import add, export, listing, page
from opbench.commands.history.into import Into
from opbench.commands.sweep import run as sweep_command
from opbench.commands.sweep.options import SweepOptions
from opbench.errors import OpbenchError, UsageError
from opbench.history.files import SUFFIX, read
from opbench.planning.plan import Task
from opbench.running.workers.places import Measuring, Place
from opbench.store.runs import Run, new_run
from opbench.vocabulary.record import Failed, Outcome
from tests.fleet import FLEET, case, merged_run
from tests.reports.builders import ENVIRONMENT, measured, record

from .builders import at_commit, history, line


def sweep(results: Path) -> Run:
    run = new_run(results, "rows")
    run.append([record(measured(1e-5))])
    return run


def test_a_run_is_added_once_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = sweep(tmp_path)
    kept = tmp_path / "history"
    for as_json in (False, True):
        assert add.run(("rows",), Into(kept, "ci"), tmp_path, as_json) == 0
    first, second = capsys.readouterr().out.splitlines()
    (path,) = kept.iterdir()
    assert path.name.startswith(f"rows--{run.folder.name}--ci@")
    assert first == f"history: {path}: 1 row"
    assert json.loads(second) == {"path": str(path), "rows": 1, "new": False}
    assert add.run(("rows",), Into(kept, "ci"), tmp_path, as_json=False) == 0
    assert capsys.readouterr().out == f"history: {path}: there already, unchanged\n"


def test_a_fleets_merged_run_is_a_file_for_each_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = merged_run(tmp_path / "runs", [case(on, channels=size) for on in FLEET for size in (3, 17)])
    kept = tmp_path / "history"
    assert add.run((str(run.folder),), Into(kept, "ci"), tmp_path, as_json=False) == 0
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()] == ["2 rows"] * len(FLEET)
    rows = read(kept).table.to_pylist()
    assert len({row["machine"] for row in rows}) == len(FLEET)
    assert {row["run"] for row in rows} == {f"channels/{run.folder.name}"}
    line, code = add.keep(run.folder, Into(kept, "ci"), len(rows))
    assert (line.count("there already, unchanged"), code) == (len(FLEET), 0)


def swept(results: Path, into: Into, outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a sweep with this outcome."""

    def measure(_place: Place, asked: Measuring, _silent: bool) -> list[Task]:
        asked.journal.append([record(outcome)])
        return []

    totals = catalog.totals()
    totals.add(record(outcome))
    monkeypatch.setattr(sweep_command, "_measure", measure)
    monkeypatch.setattr(sweep_command, "_tell_of_others", lambda *_: None)
    monkeypatch.setattr(sweep_command, "write_report", lambda *_, **__: SimpleNamespace(totals=totals, page=Path()))
    monkeypatch.setattr(sweep_command, "_show", lambda *_: None)
    return sweep_command.run(SweepOptions("channels", device="cpu", results=results, history=into, as_json=True))


@pytest.mark.parametrize(("outcome", "rows"), [(measured(1e-5), 1), (Failed("check", "x"), 0)])
def test_a_sweep_adds_its_run_when_it_is_over(
    outcome: Outcome, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "history"
    assert swept(tmp_path, Into(kept, "box", commit="f" * 12), outcome, monkeypatch) == int(not rows)
    assert len(list(kept.iterdir())) == rows
    said = f"history: {next(kept.iterdir())}: 1 row" if rows else "history: nothing was measured"
    assert said in capsys.readouterr().err
    if rows:
        (row,) = read(kept).table.to_pylist()
        assert (row["commit"], row["machine"][:4]) == ("f" * 12, "box@")


def test_a_history_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    named = "f" * 12
    monkeypatch.setattr(sweep_command, "revision", lambda: "unknown")
    for into, said in (
        (Into(tmp_path / "file", commit=named), "choose another --history"),
        (Into(tmp_path / "history"), "the commit is unknown.*--commit"),
        (Into(tmp_path / "history", commit="HEAD"), "--commit 'HEAD'"),
        (Into(tmp_path / "history", "a/b", commit=named), "--machine 'a/b'"),
        (Into(tmp_path / "history", repository=tmp_path, commit=named), "--repository"),
    ):
        with pytest.raises(OpbenchError, match=said):
            swept(tmp_path / "results", into, measured(1e-5), monkeypatch)
    assert not (tmp_path / "results").exists()


def test_a_sweep_whose_rows_are_refused_ends_with_its_own_code_or_a_worse_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(add, "add", lambda *_: iter([UsageError("it went on")]))
    assert swept(tmp_path, Into(tmp_path / "history", commit="f" * 12), measured(1e-5), monkeypatch) == 2
    assert "history: not added: it went on" in capsys.readouterr().err


def test_machines_are_listed_and_a_damaged_file_is_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = json.dumps({"device_name": ENVIRONMENT["device_name"]})
    rows = [*line([1.0, 2.0, 3.0], facts=facts), at_commit(1, 5.0, case="b"), at_commit(7, 5.0, machine="x@0")]
    kept = history(tmp_path, [replace(row, started=None) if row.machine == "x@0" else row for row in rows])
    assert listing.run(kept, as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ci@0a1b2c  Abacus 2: 4 rows, 3 runs, 2 cases, 3 commits; 2026-01-05 to 2026-01-07",
        "x@0  : 1 rows, 1 runs, 1 cases, 1 commits;  to ",
    ]
    (kept / f"torn{SUFFIX}").write_bytes(b"")
    assert listing.run(kept, as_json=True) == 1
    said = capsys.readouterr()
    assert [json.loads(row)["rows"] for row in said.out.splitlines()] == [4, 1]
    assert said.err.startswith(f"opbench: {kept / f'torn{SUFFIX}'}: damaged or half-written")


def test_cases_and_machines_that_are_declared_to_be_renamed_are_listed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        *line([1.0, 2.0], case="old"),
        at_commit(2, 3.0, case="new"),
        at_commit(3, 3.0, case="new", machine="now@0"),
    ]
    kept = history(tmp_path, rows)
    (kept / "aliases.toml").write_text('[cases]\nold = "new"\n[machines]\n"ci@0a1b2c" = "now@0"\n')
    assert listing.run(kept, as_json=True) == 0
    (told,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (told["machine"], told["rows"], told["cases"], told["commits"]) == ("now@0", 4, 1, 4)


def test_the_page_takes_the_operators_of_the_ceilings_as_controls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = history(tmp_path / "history", line([1.0] * 3))
    assert page.run(kept, tmp_path / "site", None, "", (), as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"page": str(tmp_path / "site" / "index.html"), "cases": 1, "series": 1, "steps": 0}
    assert page.controls() <= set(catalog.operators())
    assert len(page.controls()) > 3


@pytest.mark.parametrize(("url", "said"), [("https://x.org/", "{commit}"), ("javascript:'{commit}'", "https://")])
def test_an_address_of_commits_that_leads_nowhere_or_acts_is_refused(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--commit-url") as refused:
        page.run(tmp_path, tmp_path / "site", None, url, (), as_json=False)
    assert said in str(refused.value)


def test_an_export_says_how_many_files_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = history(tmp_path / "history", line([1.0, 2.0]))
    assert export.run(kept, tmp_path / "to", "pytest-benchmark", None) == 0
    assert capsys.readouterr().out == f"2 files below {tmp_path / 'to'}\n"


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_shown_and_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = history(tmp_path / "history", line([1e-3, 2e-3]))
    (kept / f"another{SUFFIX}").write_text("no Parquet")
    assert page.run(kept, tmp_path / "site", None, "", (), as_json=False) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"opbench: {kept / 'another'}{SUFFIX}: damaged or half-written")
    assert said.out == f"1 series of 1 cases, 0 steps\npage: {(tmp_path / 'site' / 'index.html').resolve()}\n"
    assert export.run(kept, tmp_path / "to", "pytest-benchmark", None) == 1
    said = capsys.readouterr()
    assert "damaged or half-written" in said.err
    assert said.out == f"2 files below {tmp_path / 'to'}\n"
