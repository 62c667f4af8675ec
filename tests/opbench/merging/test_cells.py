"""Records of several files as one set: which are the same, which contradict each other, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.merging.cells import cells, natural, united
from opbench.store.environment_lines import to_lines
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Contended, Failed, Outcome, Record, Unavailable

HERE, THERE = {"device_name": "Abacus", "threads": 2}, {"device_name": "Babbage", "threads": 2}
DONE = Unavailable("no compiler")


def record(size: int = 1, outcome: Outcome = DONE, backend: str = "a", started: str = "2026-01-01") -> Record:
    return Record(Case(Point("op", Axes({"size": size})), backend), outcome, HERE, "abc", started)


def file(path: Path, *records: Record) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_lines(records)[0])
    return path


def sizes(path: Path) -> list[tuple[int, str]]:
    """Of the union with nothing: sizes and devices in its order."""
    return [
        (one.record().case.point.axes["size"], one.record().environment["device_name"]) for one in united([path]).cells
    ]


def test_every_record_is_found_where_it_stands_whatever_stands_between(tmp_path: Path) -> None:
    told, first, second = to_lines([record(1), record(2)])[0].splitlines(keepends=True)
    path = tmp_path / "records.jsonl"
    path.write_text(f"\n{told} \n{first}\n\n{second}")
    found = list(cells(path))
    assert [(cell.number, cell.where) for cell in found] == [(4, f"{path}:4"), (7, f"{path}:7")]
    assert [cell.record() for cell in found] == [record(1), record(2)]
    assert [cell.key for cell in found] == [record(1).case.key, record(2).case.key]
    assert [cell.settled for cell in found] == [True, True]


def test_a_file_that_says_something_else_by_now_is_refused(tmp_path: Path) -> None:
    path = file(tmp_path / "records.jsonl", record(1), record(2))
    first, second = cells(path)
    path.write_text(path.read_text().replace("no compiler", "no device  "))
    for cell in (first, second):
        with pytest.raises(UsageError, match=rf"^{path}:{cell.number}: "):
            cell.record()


def test_a_file_that_is_not_there_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        list(cells(tmp_path / "gone.jsonl"))
    assert str(refused.value) == f"cannot read {tmp_path / 'gone.jsonl'}: No such file or directory"


def test_the_same_record_of_several_files_is_one_and_each_file_tells_its_cases(tmp_path: Path) -> None:
    one = file(tmp_path / "a.jsonl", record(1), record(2))
    other = file(tmp_path / "b.jsonl", record(2), record(3))
    both = united([other, one])
    assert [cell.record() for cell in both.cells] == [record(1), record(2), record(3)]
    assert both.keys == {
        one: {record(1).case.key, record(2).case.key},
        other: {record(2).case.key, record(3).case.key},
    }
    assert united([one, other]).cells == both.cells
    assert united([]).cells == ()


@pytest.mark.parametrize("changed", [record(2, Failed("check", "x")), record(2, started="2026-01-02")])
def test_two_records_of_a_case_in_one_environment_contradict_each_other(changed: Record, tmp_path: Path) -> None:
    one, other = file(tmp_path / "b.jsonl", record(1), record(2)), file(tmp_path / "a.jsonl", changed)
    for order in ([one, other], [other, one]):
        with pytest.raises(UsageError) as refused:
            united(order)
        assert str(refused.value) == (
            f"{other}:2 and {one}:3 contradict each other: {record(2).case.key} was measured twice in the same "
            "environment, with other results; leave out one of the runs, or remove one of the two lines"
        )


def test_in_another_environment_or_of_another_replica_it_is_another_cell(tmp_path: Path) -> None:
    elsewhere = replace(record(2), environment=THERE)
    again = replace(record(2), case=replace(record(2).case, replica=1))
    found = united([file(tmp_path / "a.jsonl", record(2)), file(tmp_path / "b.jsonl", elsewhere, again)])
    assert len(found.cells) == 3
    assert len({(cell.key, cell.kind) for cell in found.cells}) == 3
    assert len({cell.kind for cell in found.cells}) == 2


@pytest.mark.parametrize("busy", [1, 2])
def test_what_was_contended_contradicts_nothing_and_stands_before_what_counts(busy: int, tmp_path: Path) -> None:
    tries = [record(1, Contended(f"make {number}"), started=f"2026-01-0{9 - number}") for number in range(busy)]
    found = united(
        [file(tmp_path / "a.jsonl", record(1)), *(file(tmp_path / f"{at}.jsonl", one) for at, one in enumerate(tries))]
    )
    assert [cell.settled for cell in found.cells] == [False] * busy + [True]
    assert [cell.record() for cell in found.cells] == [*tries[::-1], record(1)], "the earlier first"


def test_cases_come_by_their_numbers_and_then_by_environment(tmp_path: Path) -> None:
    there = [replace(record(size), environment=THERE) for size in (128, 16, 8)]
    assert sizes(file(tmp_path / "one.jsonl", *there)) == [(8, "Babbage"), (16, "Babbage"), (128, "Babbage")]
    both = [record(16), record(8), *there]
    told = sizes(file(tmp_path / "both.jsonl", *both))
    assert [size for size, _ in told] == [8, 8, 16, 16, 128]
    assert told[0][1] == told[2][1] != told[1][1] == told[3][1]


@pytest.mark.parametrize(
    "ordered",
    [["a", "a2", "a10"], ["8", "16"], ["a8b", "a16a", "a16b"], ["b9", "c1"], ["a1b", "a1b2", "a1c"], ["", "1"]],
)
def test_numbers_in_names_sort_by_what_they_are(ordered: Sequence[str]) -> None:
    keys = [natural(one) for one in ordered]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
