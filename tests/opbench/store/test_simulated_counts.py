"""Counts beside a run: read as they were written, replaced by case, and refused by line where they were changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.store.runs import Run
from opbench.store.simulated_counts import FILE, add, from_line, read, to_line
from tests.counts import count
from tests.mutating.run_readers import signed


def test_a_run_without_the_file_has_none(tmp_path: Path) -> None:
    assert read(Run(tmp_path)) == ()


def test_counts_are_read_as_written_and_the_last_of_a_case_and_architecture_counts(tmp_path: Path) -> None:
    run = Run(tmp_path)
    first, other, elsewhere = count(channels=3), count(channels=5), replace(count(channels=3), architecture="sm_80")
    again = replace(first, sectors_read=1013, registers=None)
    add(run, [first, other])
    add(run, [again, elsewhere])
    assert read(run) == (again, other, elsewhere)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line.replace(b'"launches":1', b'"launches":2'), "its checksum does not fit"),
        (lambda line: signed(line.replace(b'"launches":1', b'"launches":-1')), "Expected `int` >= 0"),
        (lambda line: signed(line.replace(b'"by":"', b'"bye":"')), "missing required field `by`"),
        (lambda line: signed(line.replace(b'"schema":1', b'"schema":2')), "schema 2, this opbench reads 1"),
        (lambda line: signed(line.replace(b'"case":', b'"cast":')), "KeyError: 'case'"),
        (lambda line: line[:-9], "is no count"),
        (lambda _: b"[7]", "is no count"),
    ],
)
def test_a_line_that_is_not_as_it_was_written_is_refused_by_its_place(
    change: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:
    run = Run(tmp_path)
    add(run, [count(channels=3), count(channels=5)])
    first, second = (tmp_path / FILE).read_bytes().splitlines()
    (tmp_path / FILE).write_bytes(first + b"\n" + change(second) + b"\n")
    with pytest.raises(UsageError, match=f"{FILE}:2") as refused:
        read(run)
    assert said in str(refused.value)
    assert "count again" in str(refused.value)


def test_a_line_written_from_what_was_read_is_the_same() -> None:
    line = to_line(count(channels=7))
    assert to_line(from_line(line.encode())) == line
