"""A file that nobody would write is met with one plain line, by every reader there is.

A few files of each; `python -m benchmarks.trust.mutated_files` tries a hundred thousand.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opbench.errors import UsageError
from opbench.store.codec import to_line
from tests.mutating.all_readers import READERS
from tests.mutating.json_values import with_wrong_values
from tests.mutating.mutator import files, mutated
from tests.mutating.reader import Reader, tried
from tests.mutating.run_readers import read, records, signed
from tests.mutating.watching import watched

FILES = 600
"""Over all readers, each by its share and at least two."""


@pytest.mark.parametrize("name", READERS)
def test_a_reader_refuses_or_reads_whatever_there_is(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    file = reader.write(tmp_path)
    original = file.read_bytes()
    found = tried(reader, tmp_path, file, original)
    if found.wrong.startswith("outside its folder"):  # what it imported may have left files of its own
        found = tried(reader, tmp_path, file, original)
    assert found.wrong == ""
    for number in range(max(2, FILES * reader.share // 1000)):
        found = tried(reader, tmp_path, file, reader.data(original, number))
        assert found.wrong == "", f"python -m benchmarks.trust.mutated_files --only {name!r} --number {number}"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return records(tmp_path_factory.mktemp("records")).read_bytes()


@given(st.data())
@settings(derandomize=True, deadline=None, max_examples=100, database=None, suppress_health_check=list(HealthCheck))
def test_records_are_refused_or_written_as_they_were_read(lines: bytes, data: st.DataObject) -> None:
    """By Hypothesis, which makes what it finds smaller."""
    content = signed(data.draw(files(lines)))
    refused = ""
    try:
        found = read(content)
    except UsageError as exc:
        found, refused = [], str(exc)
    assert not refused or "records.jsonl:" in refused
    again = "".join(map(to_line, found)).encode()
    assert "".join(map(to_line, read(again))).encode() == again


def test_the_same_number_is_the_same_file(lines: bytes) -> None:
    made = [mutated(lines, random.Random(number)) for number in range(40)]
    assert made == [mutated(lines, random.Random(number)) for number in range(40)]
    assert len(set(made)) > 30
    assert lines not in made[:3]


def test_of_what_is_no_json_no_value_is_wrong() -> None:
    assert with_wrong_values(b"\x7fELF", random.Random(7)) is None
    assert with_wrong_values(b"", random.Random(7)) is None


def _raises(_: Path) -> None:
    raise KeyError("what no user can act on")


def _writes(file: Path) -> None:
    (file.parents[1] / "elsewhere").write_text("here I am")


def _moves(file: Path) -> None:
    file.rename(file.parents[1] / "moved")


def _starts(_: Path) -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def _prints(_: Path) -> None:
    print("\x1b]0;title\x07")


def _refuses_at_length(file: Path) -> None:
    raise UsageError(f"{file}: {'x' * 5000}")


def _refuses_without_a_name(_: Path) -> None:
    raise UsageError("something is wrong somewhere")


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (_raises, "KeyError in test_mutated_files.py"),
        (_writes, "outside its folder: open "),
        (_moves, "outside its folder: os.rename "),
        (_starts, "outside its folder: subprocess.Popen"),
        (_prints, "printed '\\x1b'"),
        (_refuses_at_length, "a refusal of 5"),
        (_refuses_without_a_name, "a refusal that does not name the file"),
    ],
)
def test_each_way_to_fail_is_noticed(read: Callable[[Path], None], says: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    reader = Reader("made up", lambda folder: folder / "file", read)
    assert tried(reader, folder, folder / "file", b"").wrong.startswith(says)


def test_what_is_written_below_an_open_folder_is_told_by_its_whole_path(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    handle = os.open(outside, os.O_RDONLY)
    try:
        with watched(within=inside) as seen:
            os.mkdir("one", dir_fd=handle)
            (inside / "two").mkdir()
            os.rmdir("one", dir_fd=handle)
    finally:
        os.close(handle)
    expected: list[Any] = [f"{event} {outside / 'one'}" for event in ("os.mkdir", "os.rmdir")]
    assert seen == expected
