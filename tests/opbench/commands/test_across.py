"""`opbench roofline --across`: a merged run's devices from one another, or a line on what is missing for that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.ceilings import storage
from opbench.store.runs import Run
from opbench.vocabulary.record import Record
from tests.fleet import A100, CPU, FLEET, H200, case, merged_run

from .typed import Ended, Typing

SIZES = (3, 17, 64)


@pytest.fixture
def opbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typing:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    return Typing(monkeypatch, capsys)


def every() -> list[Record]:
    return [case(on, backend, channels=size) for on in FLEET for backend in ("a", "b") for size in SIZES]


def across(opbench: Typing, folder: Path, *words: str) -> Ended:
    return opbench("roofline", "channels", "--across", "--results", str(folder / "merged"), *words)


def refused(ended: Ended) -> str:
    assert (ended.code, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    return line


def test_the_newest_merged_run_is_printed_by_pairs(opbench: Typing, tmp_path: Path) -> None:
    merged_run(tmp_path, every())
    ended = across(opbench, tmp_path)
    assert ended.code == 0, ended.stderr
    for source in FLEET:
        for target in FLEET:
            assert (f"{target.name} expected from {source.name}\n" in ended.stdout) == (source is not target)
    assert ended.stdout.count("the backend expected to be the fastest was at 3 of 3 points") == 6


def test_json_has_a_line_a_pair_with_errors_choice_and_cases(opbench: Typing, tmp_path: Path) -> None:
    run = merged_run(tmp_path, every())
    ended = across(opbench, tmp_path, "--run", str(run.folder), "--json", "--channels", "17,64")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(lines) == 6
    assert {line["source"] for line in lines} == {one.name for one in FLEET}
    first = lines[0]
    assert first["errors"].keys() == {"a", "b", "all"}
    assert first["errors"]["all"]["cases"] == len(first["cases"]) == 4
    assert first["errors"]["a"]["typical"] == pytest.approx(1.0)
    assert first["choice"]["points"] == 2
    assert all(one["expected_s"] == pytest.approx(one["measured_s"]) for one in first["cases"])


def without_limits(records: Sequence[Record], kind: object) -> list[Record]:
    return [replace(one, limit=None) if one.environment is kind else one for one in records]


def test_ceilings_that_the_records_lack_are_named_and_can_be_given(opbench: Typing, tmp_path: Path) -> None:
    merged_run(tmp_path, without_limits(every()[: 4 * len(SIZES)], A100.environment))
    said = refused(across(opbench, tmp_path))
    assert f"the records of {A100.name} in " in said
    assert "have no limits; name that machine's ceilings by --ceilings FILE" in said
    storage.write(A100.ceilings, tmp_path / "a100.json")
    storage.write(CPU.ceilings, tmp_path / "cpu.json")
    ended = across(opbench, tmp_path, "--ceilings", str(tmp_path / "a100.json"))
    assert ended.code == 0, ended.stderr
    assert f"{A100.name} expected from {H200.name}" in ended.stdout
    said = refused(across(opbench, tmp_path, "--ceilings", str(tmp_path / "cpu.json")))
    assert f"cpu.json has the ceilings of {CPU.environment['device_name']}, and" in said


def test_a_run_of_one_kind_and_cases_that_no_two_share_are_refused(opbench: Typing, tmp_path: Path) -> None:
    merged_run(tmp_path / "one", [case(CPU, channels=3)])
    assert f"has measured cases of {CPU.sort}, and --across needs two kinds of devices" in refused(
        across(opbench, tmp_path / "one")
    )
    merged_run(tmp_path / "two", [case(CPU, channels=3), case(H200, channels=17)])
    assert "was measured on two of its 2 kinds of devices" in refused(across(opbench, tmp_path / "two"))
    assert "has no measured case" in refused(across(opbench, tmp_path / "two", "--operator", "ach"))
    assert "leave out --measured" in refused(across(opbench, tmp_path / "two", "--measured", "channels"))


def test_a_merged_run_is_no_run_of_one_machine(opbench: Typing, tmp_path: Path) -> None:
    """Whose figures would be carried over, the last that stands in the file's?"""
    run: Run = merged_run(tmp_path, every())
    storage.write(A100.ceilings, tmp_path / "a100.json")
    storage.write(CPU.ceilings, tmp_path / "cpu.json")
    words = (
        "roofline",
        "channels",
        "--channels",
        "3",
        "--operator",
        "cross_hadamard",
        "--ceilings",
        str(tmp_path / "a100.json"),
    )
    for option in ("--run", "--measured"):
        said = refused(opbench(*words, option, str(run.folder)))
        assert "was measured on 3 devices (" in said
        assert "--across --run RUN" in said
    assert "--ceilings was given 2 times" in refused(opbench(*words, "--ceilings", str(tmp_path / "cpu.json")))
