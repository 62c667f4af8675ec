"""A file that grows is read line by line, each once, and a line without its end is nobody's yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.live.tail import Tail
from opbench.store.environment_lines import to_lines
from opbench.vocabulary.record import Record

from .conftest import case


def channels(tail: Tail) -> list[int]:
    return [placed.record.case.point.axes["channels"] for placed in tail.new()]


def text(*records: Record) -> bytes:
    return to_lines(records)[0].encode()


def test_every_cut_of_a_file_gives_its_whole_lines_and_the_rest_later(tmp_path: Path) -> None:
    file, whole = tmp_path / "records.jsonl", text(case(3), case(17), case(1))
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for cut in {*range(0, len(whole), 97), *ends, *(end - 1 for end in ends)}:
        file.write_bytes(whole[:cut])
        tail = Tail(file)
        before = channels(tail)
        assert len(before) == max(0, sum(end <= cut for end in ends) - 1)  # the first line is the environment's
        assert channels(tail) == []
        file.write_bytes(whole)
        assert before + channels(tail) == [3, 17, 1]


def test_a_record_is_told_with_where_its_line_begins(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_bytes(text(case(3), case(17)))
    whole = file.read_bytes()
    assert [whole[placed.offset :].startswith(b'{"schema":2,"case"') for placed in Tail(file).new()] == [True, True]


def test_a_file_that_is_not_there_yet_has_no_records_and_is_read_once_it_is(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "records.jsonl")
    assert channels(tail) == []
    assert not tail.is_another
    tail.path.write_bytes(text(case(5)))
    assert channels(tail) == [5]


def test_a_file_that_was_cut_replaced_or_removed_is_another(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    for change in (
        lambda: file.write_bytes(b""),
        lambda: (tmp_path / "new").write_bytes(file.read_bytes()) and (tmp_path / "new").replace(file),
        file.unlink,
    ):
        file.write_bytes(text(case(5)))
        tail = Tail(file)
        assert channels(tail) == [5]
        assert not tail.is_another
        change()
        assert tail.is_another


def test_the_torn_rest_that_a_resumed_run_cuts_off_makes_no_other_file(tmp_path: Path) -> None:
    file, whole = tmp_path / "records.jsonl", text(case(5), case(7))
    file.write_bytes(whole + b'{"schema":2,"cas')
    tail = Tail(file)
    assert channels(tail) == [5, 7]
    os.truncate(file, len(whole))
    assert not tail.is_another


def test_a_line_that_was_changed_is_named(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_bytes(text(case(5), case(7)).replace(b'"channels":7', b'"channels":8'))
    with pytest.raises(UsageError, match=r"records\.jsonl:3: "):
        channels(Tail(file))
