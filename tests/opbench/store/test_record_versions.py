"""Every version of a records file that was ever written is read: a file of each lies in `record_files`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.store.migration import READS
from opbench.store.record_file import RecordFile
from opbench.store.runs import Run
from opbench.vocabulary.record import SCHEMA_VERSION, Contended, Failed, Measured, Mismatch, Record, Unavailable

FILES = Path(__file__).parent / "record_files"

OUTCOMES = [Measured, Mismatch, Unavailable, Failed, Contended]


def read(name: str) -> list[Record]:
    return list(RecordFile.listed(FILES / name))


def test_there_is_a_file_of_every_version_that_can_be_read() -> None:
    written = {json.loads(line)["schema"] for file in FILES.iterdir() for line in file.read_text().splitlines()}
    assert written == set(READS)
    assert max(READS) == SCHEMA_VERSION


@pytest.mark.parametrize("name", sorted(file.name for file in FILES.iterdir()))
def test_a_file_of_each_version_says_what_happened(name: str) -> None:
    records = read(name)
    assert [type(one.outcome) for one in records] == OUTCOMES[: len(records)]
    assert len(records) >= 4
    assert {one.schema for one in records} == {SCHEMA_VERSION}
    assert [one.case.point.axes["size"] for one in records] == list(range(len(records)))
    measured = records[0].outcome
    assert isinstance(measured, Measured)
    assert measured.samples_s == (1e-3, 2e-3, 1.5e-3)
    assert [one.environment["load_average"] for one in records[:4]] == [0.5, 0.5, 0.5, 2.5]
    assert all(one.work is not None and one.work.bytes_written == 5 for one in records)


def test_what_the_first_files_did_not_say_has_its_meaning_of_then() -> None:
    first = read("schema_1_first.jsonl")[0]
    assert (first.parts, first.limit) == ((), None)
    assert isinstance(first.outcome, Measured)
    assert (first.outcome.figures, first.outcome.preempted, first.outcome.looks) == ({}, 0, 0)


def _plain(record: Record) -> str:
    return repr(replace(record, environment=dict(record.environment)))  # NaN equals nothing, its text does


def test_the_last_file_of_version_1_says_the_same_as_that_of_version_2() -> None:
    assert list(map(_plain, read("schema_1_last.jsonl"))) == list(map(_plain, read("schema_2.jsonl")))


def test_an_old_file_is_gone_on_with(tmp_path: Path) -> None:
    """What is appended is of this version, and refers to an environment that is written then."""
    shutil.copy(FILES / "schema_1_first.jsonl", tmp_path / "records.jsonl")
    run, added = Run(tmp_path), read("schema_2.jsonl")[4]
    run.append([added])
    assert list(map(_plain, run.records())) == list(map(_plain, [*read("schema_1_first.jsonl"), added]))
    schemas = [json.loads(line)["schema"] for line in run.records_file.read_text().splitlines()]
    assert schemas == [1, 1, 1, 1, 2, 2]


def test_a_version_from_the_future_is_refused(tmp_path: Path) -> None:
    line = (FILES / "schema_2.jsonl").read_text().splitlines()[1].replace('"schema":2', '"schema":3')
    Run(tmp_path).records_file.write_text(line)
    with pytest.raises(UsageError, match=r"records\.jsonl:1: schema 3, this opbench reads schemas 1 and 2"):
        Run(tmp_path).records()
