"""Ceilings in files: found again on their machine only, refused in one line where they are none."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.ceilings import storage
from opbench.errors import MachineError, UsageError

from .ceilings_builders import ENVIRONMENT, MACHINE


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))


def test_what_is_kept_comes_back_whole() -> None:
    storage.keep(MACHINE)
    assert storage.load_kept(ENVIRONMENT) == MACHINE


def test_the_end_of_dram_is_no_number_in_the_file() -> None:
    file = storage.keep(MACHINE)
    assert "Infinity" not in file.read_text()
    assert storage.read(file).levels[-1].size_bytes == math.inf


@pytest.mark.parametrize("other", [{"threads": 1}, {"device_name": "Slide rule"}, {"versions": {"torch": "2.9.0"}}])
def test_another_environment_has_none(other: dict[str, object]) -> None:
    storage.keep(MACHINE)
    assert storage.load_kept({**ENVIRONMENT, **other}) is None


def test_the_load_of_the_moment_makes_no_other_machine() -> None:
    storage.keep(MACHINE)
    assert storage.load_kept({**ENVIRONMENT, "load_average": 0.7}) == MACHINE


def test_the_difference_names_both_sides() -> None:
    assert storage.difference(MACHINE, ENVIRONMENT) == ""
    assert storage.difference(MACHINE, {**ENVIRONMENT, "threads": 1}) == "threads 2 there, 1 here"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "holds no ceilings"),
        ("[]", "holds no ceilings"),
        ('{"levels": []}', "holds no ceilings"),
        ('{"schema": 99}', "schema 99, this opbench reads 1"),
        ('{"schema": 1, "levels": []}', "holds no ceilings"),
    ],
)
def test_a_file_that_holds_none_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "given.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=said) as refused:
        storage.read(file)
    assert "\n" not in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("levels", []),
        ("environment", []),
        ("costs", {"call": {"low": 1.0, "mid": 0.0, "high": 1.0}}),
        ("costs", {"call": {"low": 1.0, "mid": math.nan, "high": 1.0}}),
        ("costs", {"call": {"low": 1.0, "mid": "fast", "high": 1.0}}),
        ("costs", {"call": {"low": 1.0, "mid": None, "high": 1.0}}),
        ("bandwidth", {"read": {"64": {"low": -1.0, "mid": 1.0, "high": 1.0}}}),
        ("bandwidth", {"read": {size: {"low": 1.0, "mid": 1.0, "high": 1.0} for size in ("128", "64")}}),
        ("levels", [["L2", 1 << 20], ["L1", 1 << 15], ["DRAM", None]]),
        ("levels", [[7, 1 << 15], ["DRAM", None]]),
        ("environment", {"device": "tpu"}),
    ],
)
def test_a_file_with_impossible_figures_is_refused(tmp_path: Path, name: str, value: object) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps({**storage.to_json(MACHINE), name: value}))
    with pytest.raises(UsageError, match="holds no ceilings"):
        storage.read(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        storage.read(tmp_path / "missing.json")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot write"):
        storage.write(MACHINE, tmp_path / "file" / "ceilings.json")


def test_an_older_file_without_opinions_is_read(tmp_path: Path) -> None:
    file = tmp_path / "older.json"
    storage.write(replace(MACHINE, opinions={"copy: x": 1.0}), file)
    data = json.loads(file.read_text())
    del data["opinions"]
    file.write_text(json.dumps(data))
    assert storage.read(file).opinions == {}
