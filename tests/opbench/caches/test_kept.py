"""A measurement of the caches is found again on its machine; whatever is wrong with it costs only the measurement."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.caches import CacheUse, from_system, keep, kept, known

from .cache_machines import MIB

MEASURED = CacheUse(21 * MIB, 7 * MIB, 19 * MIB, "measured")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def changed(**values: Any) -> None:
    """The kept file for one thread with other values in it."""
    file = kept.file_for(kept.machine(1))
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_what_is_kept_is_known_for_that_many_threads_only() -> None:
    assert keep(MEASURED, 1) == ""
    assert known(1) == MEASURED
    assert known(2) == from_system(2)


def test_a_second_measurement_takes_the_place_of_the_first() -> None:
    keep(MEASURED, 1)
    other = replace(MEASURED, cache_bytes=13 * MIB)
    keep(other, 1)
    assert known(1) == other


def test_nothing_kept_is_no_mistake() -> None:
    assert known(1) == from_system(1)
    assert known(1).note == ""


@pytest.mark.parametrize("threads", [0, -7, 1, 100_003])
def test_any_number_of_threads_has_an_answer(threads: int) -> None:
    assert known(threads).possible


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"schema": 99}', '{"schema": 1}', "\x00\xff"])
def test_a_damaged_file_costs_only_the_measurement(text: str) -> None:
    keep(MEASURED, 1)
    file = kept.file_for(kept.machine(1))
    file.write_bytes(text.encode("latin-1"))
    found = known(1)
    assert replace(found, note="") == from_system(1)
    assert str(file) in found.note
    assert "\n" not in found.note
    assert "opbench ceilings --again" in found.note


@pytest.mark.parametrize("name", ["cache_bytes", "stream_fresh_bytes", "stream_reused_bytes"])
@pytest.mark.parametrize("size", [0, -1, 1 << 50, 1.5e7, "8 MiB", None, True])
def test_impossible_sizes_cost_only_the_measurement(name: str, size: object) -> None:
    keep(MEASURED, 1)
    changed(**{name: size})
    found = known(1)
    assert replace(found, note="") == from_system(1)
    assert "cannot be true" in found.note


@pytest.mark.parametrize("name", ["processor", "machine", "release", "processors", "memory_pages", "threads"])
def test_a_file_of_another_machine_is_not_believed(name: str) -> None:
    """Whatever it is named: a folder of caches may be shared, or copied."""
    keep(MEASURED, 1)
    changed(machine={**kept.machine(1), name: "another"})
    found = known(1)
    assert replace(found, note="") == from_system(1)
    assert "another machine" in found.note


def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_so(folder: Path) -> None:
    """A read-only folder says the same; as root, for whom none is, a file in its place does."""
    folder.write_text("")
    said = keep(MEASURED, 1)
    assert str(folder) in said
    assert "OPBENCH_CACHE" in said
    found = known(1)
    assert replace(found, note="") == from_system(1)


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    kept.file_for(kept.machine(1)).mkdir(parents=True)
    found = known(1)
    assert replace(found, note="") == from_system(1)
    assert "cannot read" in found.note


def test_asking_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import sys, opbench.caches; opbench.caches.known(2); print(sorted({'torch', 'numpy'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
