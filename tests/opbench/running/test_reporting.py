"""A report writes below its run's folder and nowhere else, whatever the records and the folder hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from opbench import Axes, Case, Check, Measured, Point, Record
from opbench.errors import UsageError
from opbench.running import reporting
from opbench.running.reporting import fitting_operators, slug, write_report
from opbench.store.decoding import Lines
from opbench.store.runs import Run
from opbench.vocabulary.report import Artifact, Report

ARTIFACTS_OF = reporting.artifacts_of
PASSED = Check(passed=True, elements=1, misses=0, max_abs_error=0, max_rel_error=0, rtol=0, atol=0)
POINT = Point("pairs", Axes({"batch": 1, "channels": 3}))
RECORD = Record(Case(POINT, "one"), Measured(PASSED, (1e-5,) * 20, 1, "target", 0.1, 1, 0.1, 0.1), {}, "abc", "now")


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of one record, whose reports make one figure each of a name a test sets; drawing is another test's."""
    monkeypatch.setattr(reporting, "artifacts_of", lambda *_: [Artifact("figures/one.svg", "", "", b"<svg/>")])
    monkeypatch.setattr("opbench.catalog.page", lambda: lambda *_: "page")
    (tmp_path / "runs" / "run").mkdir(parents=True)
    return Run(tmp_path / "runs" / "run")


def keep(run: Run, *backends: str) -> None:
    run.append(replace(RECORD, case=Case(POINT, backend)) for backend in backends)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("cpp_ext", "cpp_ext"),
        ("triton_jit:flat+cpp_ext", "triton_jit_flat+cpp_ext"),
        ("/../../x", "_x"),
        ("..", "_"),
        ("a\x1b\u202eb\n", "a_b_"),
        ("n" * 300, "n" * 100),
    ],
)
def test_any_name_becomes_that_of_a_file(name: str, file: str) -> None:
    assert slug(name) == file


@pytest.mark.parametrize("backend", ["/../../../out", "..", "a/b", "\x1b[2J"])
def test_a_backend_in_a_record_does_not_choose_where_its_report_goes(run: Run, tmp_path: Path, backend: str) -> None:
    keep(run, "one", backend)
    page = write_report(run, [backend]).page
    folder = f"only/{slug(backend)}"
    assert page == run.folder / folder / "report.html"
    written = {"records.jsonl", f"{folder}/report.html", f"{folder}/figures/one.svg"}
    assert files(tmp_path) == {f"runs/run/{name}" for name in written}


@pytest.mark.parametrize(
    "name", ["../one.svg", "/one.svg", "figures/../../one.svg", "a//b", ".hidden", "", "a\nb", "é"]
)
def test_a_report_that_names_another_place_writes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def artifacts(*_: object) -> list[Artifact]:
        return [Artifact("figures/good.svg", "", "", b""), Artifact(name, "", "", b"")]

    keep(run, "one")
    monkeypatch.setattr(reporting, "artifacts_of", artifacts)
    with pytest.raises(UsageError, match="a report names its file"):
        write_report(run)
    assert files(tmp_path) == {"runs/run/records.jsonl"}


@pytest.mark.parametrize(("link", "only"), [("figures", []), ("only", ["one"]), ("only/one", ["one"])])
def test_a_link_that_leads_out_of_the_run_is_named_and_not_followed(
    run: Run, tmp_path: Path, link: str, only: list[str]
) -> None:
    keep(run, "one")
    (tmp_path / "elsewhere").mkdir()
    (run.folder / link).parent.mkdir(exist_ok=True)
    (run.folder / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=rf"run/{link} is a link to .*elsewhere.*remove the link"):
        write_report(run, only)
    assert files(tmp_path) == {"runs/run/records.jsonl"}


def test_a_run_that_is_itself_a_link_is_the_users_choice(run: Run, tmp_path: Path) -> None:
    keep(run, "one")
    (tmp_path / "link").symlink_to(run.folder)
    write_report(Run(tmp_path / "link"))
    assert files(run.folder) == {"records.jsonl", "figures/one.svg", "report.html"}


def test_all_reports_of_today_name_good_files(tmp_path: Path) -> None:
    run = Run(tmp_path)
    keep(run, "one", "/../../two", "three:flat")
    write_report(run)
    assert "table.csv" in files(tmp_path)


@pytest.mark.parametrize(
    ("sizes", "most", "fit"),
    [
        ({}, 7, ""),
        ({"a": 7}, 7, "a"),
        ({"a": 8}, 7, ""),
        ({"a": 100, "b": 3, "c": 4}, 7, "bc"),
        ({"a": 5, "b": 3, "c": 4}, 7, "bc"),
        ({"a": 1, "b": 8}, 7, "a"),
    ],
)
def test_whole_operators_are_shown_as_far_as_a_page_has_room(
    sizes: dict[str, int], most: int, fit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "MOST", most)
    counts = {(name, "one"): size - 1 for name, size in sizes.items()} | {(name, "two"): 1 for name in sizes}
    assert fitting_operators(counts) == set(fit)


def test_a_run_too_large_for_a_page_is_read_once_and_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path)
    read: list[str] = []
    points = [replace(POINT, axes=Axes({"batch": size})) for size in range(1, 12)]
    few = [replace(RECORD, case=Case(replace(point, operator="few"), "one")) for point in points[:3]]
    run.append([*(replace(RECORD, case=Case(point, "one")) for point in points), *few])
    monkeypatch.setattr(reporting, "MOST", 7)
    record = Lines.record

    def counted(lines: Lines, line: bytes, where: str) -> Record:
        read.append(where)
        return record(lines, line, where)

    monkeypatch.setattr(Lines, "record", counted)
    written = write_report(run)
    assert written.records == few
    assert not written.complete
    assert written.totals.records == len(read) == 14
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 1 + 14
    assert "11 of 14 cases are not shown one by one" in written.page.read_text()


def test_a_report_of_all_shows_all(run: Run) -> None:
    keep(run, "one", "two")
    written = write_report(run)
    assert written.complete
    assert len(written.records) == 2


@pytest.mark.parametrize("error", [KeyError("channels"), OverflowError("too large"), ValueError("no digits")])
def test_a_report_that_cannot_be_made_is_named_with_the_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Records may be whole and say what none of ours would."""

    def render(_: Sequence[Record]) -> list[Artifact]:
        raise error

    keep(run, "one")
    monkeypatch.setattr(reporting, "artifacts_of", ARTIFACTS_OF)
    monkeypatch.setattr("opbench.catalog.reports", lambda: ["odd"])
    monkeypatch.setattr("opbench.catalog.report", lambda _: Report("", 1, render))
    with pytest.raises(UsageError, match=rf"records\.jsonl: report 'odd' cannot be made .*{type(error).__name__}"):
        write_report(run)
    assert files(run.folder) == {"records.jsonl"}
