"""Commands whose work is elsewhere: what they print, for people and for machines, and what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.ceilings import storage
from opbench.commands import backends, ceilings, dispatch, report
from opbench.dispatch_table import read
from opbench.errors import MachineError, UsageError
from opbench.running.reporting import Written
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Measured, Record
from tests.fleet import A100, CPU, FLEET, H200, case, merged_run

from ..ceilings.ceilings_builders import ENVIRONMENT, MACHINE

PASSED = Check(True, 1, 0, 0.0, 0.0, 0.0, 0.0)


def run_of(folder: Path, *sizes: int, **environment: Any) -> Run:
    """Two backends, the second one twice as slow."""
    (folder / "s" / "r").mkdir(parents=True)
    run = Run(folder / "s" / "r")
    run.append(
        Record(
            Case(Point("pairs", Axes({"channels": size})), backend),
            Measured(PASSED, (seconds,) * 5, 1, "target", 0.0, 1, 0.0, 0.0),
            ENVIRONMENT | environment,
            "abc",
            "now",
        )
        for size in sizes
        for backend, seconds in (("one", 1e-6), ("two", 2e-6))
    )
    return run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_table_is_made_of_a_run_and_kept_for_this_machine(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(tmp_path, 3, 17)
    assert dispatch.run("s", tmp_path, None, as_json=False) == 0
    file = cache / "dispatch" / "abacus-2-threads.json"
    shapes, table = capsys.readouterr().out.splitlines()
    assert shapes == f"2 shapes of {tmp_path}/s/r, measured on Abacus, 2 threads"
    assert table == f"table: {file}"
    assert [row.fastest(["one", "two"]) for row in read(file).rows] == ["one", "one"]


def test_for_machines_and_to_another_file(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(tmp_path, 3)
    file = tmp_path / "deep" / "table.json"
    assert dispatch.run("s/r", tmp_path, file, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"device": "Abacus, 2 threads", "rows": 1, "table": str(file)}
    assert read(file).device == "Abacus, 2 threads"
    assert not cache.exists()


def test_a_run_of_several_devices_has_a_table_of_each_in_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path, 3)
    other = run_of(tmp_path / "other", 3, device_name="Babbage")
    run.records_file.write_bytes(run.records_file.read_bytes() + other.records_file.read_bytes())
    folder = tmp_path / "tables"
    assert dispatch.run("s", tmp_path, folder, as_json=True) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    files = [folder / name for name in ("abacus-2-threads.json", "babbage-2-threads.json")]
    assert [one["table"] for one in said] == list(map(str, files))
    assert [read(file).device for file in files] == ["Abacus, 2 threads", "Babbage, 2 threads"]


def test_a_fleets_merged_run_has_a_table_of_each_kind_with_its_own_fastest(tmp_path: Path) -> None:
    """On the A100 the other backend needs fewer instructions."""
    beyond = {(on.name, backend): 9.0 for on in FLEET for backend in ("a", "b")} | {(A100.name, "b"): 3.0}
    fewest = {(on.name, "a"): 3.0 for on in FLEET if on is not A100}
    records = [
        case(on, backend, (beyond | fewest)[on.name, backend], channels=size)
        for on in FLEET
        for backend in ("a", "b")
        for size in (17, 64)
    ]
    run = merged_run(tmp_path / "runs", records)
    assert dispatch.run(str(run.folder), tmp_path, tmp_path / "tables", as_json=True) == 0
    tables = {table.device: table for table in map(read, (tmp_path / "tables").iterdir())}
    names = [*(on.environment["device_name"] for on in (H200, A100)), f"{CPU.environment['device_name']}, 2 threads"]
    fastest = [[row.fastest(["a", "b"]) for row in tables[name].rows] for name in names]
    assert fastest == [["a", "a"], ["b", "b"], ["a", "a"]]


def test_a_case_by_two_clocks_is_no_one_figure_to_go_by(tmp_path: Path) -> None:
    run = merged_run(tmp_path / "runs", [case(H200), case(H200, clock="cuda_graph:warm")])
    with pytest.raises(UsageError, match=r"by several clocks \(cuda_events:warm, cuda_graph:warm\)"):
        dispatch.run(str(run.folder), tmp_path, None, as_json=False)


def test_a_name_out_of_a_record_reaches_the_terminal_in_plain_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(tmp_path, 3, device_name="\x1b[2J\x1b]0;title\x07\u202eA")
    dispatch.run("s", tmp_path, None, as_json=False)
    assert r"measured on \x1b[2J\x1b]0;title\x07\u202eA, 2 threads" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["device_name", "threads", "device"])
def test_a_record_that_does_not_say_what_it_was_measured_on_is_named(tmp_path: Path, name: str) -> None:
    run = run_of(tmp_path, 3)
    first, *rest = run.records()
    environment = {key: value for key, value in first.environment.items() if key != name}
    run.records_file.unlink()
    run.append([*rest, replace(first, environment=environment)])
    with pytest.raises(UsageError, match=rf"s/r: the record of pairs/.*/one does not say .* has no '{name}'"):
        dispatch.run("s", tmp_path, None, as_json=False)


def test_a_table_that_cannot_be_written_says_where_to(tmp_path: Path) -> None:
    run_of(tmp_path, 3)
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match=r"^cannot write the table to .*; set OPBENCH_CACHE$"):
        dispatch.run("s", tmp_path, tmp_path / "file" / "table.json", as_json=False)


@pytest.mark.parametrize("as_json", [True, False])
def test_backends_are_listed_with_why_they_cannot_run_here(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert backends.run("cross_hadamard", as_json) == 0
    out = capsys.readouterr().out
    if not as_json:
        assert out.split()[:6] == ["operator", "backend", "schedules", "dtypes", "modes", "here"]
        assert "torch_eager" in out
        return
    rows = {row["backend"]: row for row in map(json.loads, out.splitlines())}
    eager = rows["torch_eager"]
    assert (eager["operator"], eager["here"]["cpu"]) == ("cross_hadamard", None)
    assert set(eager["modes"]) >= {"forward", "backward"}
    assert all(row["here"] for row in rows.values())


def test_an_operator_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no operator 'cross_hadamrd'.*did you mean 'cross_hadamard'"):
        backends.run("cross_hadamrd", as_json=False)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_report_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    run = run_of(tmp_path, 3)
    asked: list[Any] = []

    def written(*given: Any) -> Written:
        asked.append(given)
        return Written(run.folder / "report.html", [], None)

    monkeypatch.setattr(report, "write_report", written)
    assert report.run("s", ("one",), tmp_path, as_json) == 0
    page = str(run.folder.resolve() / "report.html")
    out = capsys.readouterr().out
    assert json.loads(out) == {"report": page} if as_json else out == f"report: {page}\n"
    assert asked == [(run, ("one",))]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been measured; nothing is."""
    seen: list[str] = []

    def measure(environment: Any, *_: object) -> tuple[Any, Path]:
        seen.append(environment["device_name"])
        return replace(MACHINE, seconds=7.0), Path("report.html")

    monkeypatch.setattr(ceilings, "_environment", lambda *_: ENVIRONMENT)
    monkeypatch.setattr(ceilings, "_measure", measure)
    return seen


Known = Callable[..., str]


@pytest.fixture
def known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Known:
    def ask(*, again: bool = False, output: Path | None = None, quiet: bool = False, as_json: bool = False) -> str:
        assert ceilings.known("cpu", 2, again, output, tmp_path, quiet, as_json) == 0
        return capsys.readouterr().out

    return ask


def test_ceilings_are_measured_once_and_kept(measured: list[str], known: Known) -> None:
    assert "measured in 7 s; report: " in known()
    kept = storage.load_kept(ENVIRONMENT)
    assert kept is not None
    assert kept.levels == MACHINE.levels
    out = known()
    assert "measured in" not in out
    assert out.splitlines()[-1] == f"kept in {storage.kept_file(ENVIRONMENT)}"
    assert measured == ["Abacus"]


def test_they_are_measured_again_where_that_is_asked_for(measured: list[str], known: Known) -> None:
    known()
    assert "measured in 7 s" in known(again=True)
    assert measured == ["Abacus"] * 2


def test_quiet_shows_only_what_is_new(measured: list[str], known: Known) -> None:
    assert "measured in 7 s" in known(quiet=True)
    assert known(quiet=True) == ""
    assert len(measured) == 1


def test_they_are_written_to_be_carried_and_for_machines(measured: list[str], known: Known, tmp_path: Path) -> None:
    file = tmp_path / "carried" / "machine.json"
    said = json.loads(known(output=file, as_json=True))
    assert said == json.loads(file.read_text())
    assert storage.read(file).levels == MACHINE.levels


@pytest.mark.parametrize(
    ("device", "kept", "probable"),
    [("cpu", True, True), ("cpu", False, False), ("cuda", True, True), ("cuda", False, False)],
)
def test_whether_they_are_known_is_told_without_asking_the_device(
    device: str, kept: bool, probable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceilings, "describe", lambda _: ENVIRONMENT)
    if kept:
        storage.keep(MACHINE)
    assert ceilings.probably_known(device, 0) is probable
    assert ceilings.probably_known("cpu", 7) is False


def test_ceilings_that_cannot_be_read_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "describe", lambda _: ENVIRONMENT)
    storage.keep(MACHINE).write_text("{")
    assert ceilings.probably_known("cpu", 0) is False
