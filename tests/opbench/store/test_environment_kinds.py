"""Environments of several devices in one file: told apart by what differs, and never by what moves."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from opbench.store.codec import to_line
from opbench.store.environment_facts import environment_digest
from opbench.store.environment_kinds import kind_names
from opbench.store.environment_lines import to_lines
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Contended, Outcome, Record, Unavailable

ABACUS = {"device": "cpu", "device_name": "Abacus", "threads": 2, "load_average": 0.1, "versions": {"torch": "2.13"}}
NEWER = ABACUS | {"versions": {"torch": "2.14"}}
H200 = {"device": "cuda", "device_name": "NVIDIA H200", "threads": 8}


def names(*environments: dict[str, Any]) -> list[str]:
    named = kind_names(environments)
    return [named[environment_digest(one)] for one in environments]


def test_devices_that_differ_go_by_their_names() -> None:
    assert names(ABACUS, H200) == ["cpu (Abacus, 2 threads)", "cuda (NVIDIA H200)"]
    assert names(ABACUS, ABACUS | {"threads": 1}) == ["cpu (Abacus, 2 threads)", "cpu (Abacus, 1 thread)"]


def test_of_one_device_what_else_differs_is_said() -> None:
    assert names(ABACUS, NEWER) == [
        "cpu (Abacus, 2 threads, versions.torch 2.13)",
        "cpu (Abacus, 2 threads, versions.torch 2.14)",
    ]
    more = [ABACUS | {f"fact{number}": side for number in range(9)} for side in ("a", "b", "c")]
    assert len(set(names(*more))) == 3


def test_no_two_kinds_have_one_name_and_the_order_changes_none() -> None:
    kinds = [ABACUS | {"a": one, "b": two, "c": three, "d": 4} for one in "xy" for two in "xy" for three in "xy"]
    kinds += [kinds[0] | {"d": 5}, H200, NEWER]
    found = kind_names(kinds)
    assert len(set(found.values())) == len(kinds) == len(found)
    for order in itertools.islice(itertools.permutations(kinds), 5):
        assert kind_names(order) == found


def test_a_long_name_is_cut_and_still_nobody_elses() -> None:
    long = [ABACUS | {"device_name": "A" * 300 + end} for end in "ab"]
    found = names(*long)
    assert len(set(found)) == 2
    assert all(len(name) < 120 for name in found)


def test_what_moves_makes_no_kind() -> None:
    assert len(kind_names([ABACUS, ABACUS | {"load_average": 7.0, "measured_on": "cpu:1"}])) == 1


def record(environment: dict[str, Any], outcome: Outcome | None = None, size: int = 1) -> Record:
    case = Case(Point("op", Axes({"n": size})), "a")
    return Record(case, outcome or Unavailable("no"), environment, "abc", "now")


def written(folder: Path, *records: Record) -> Run:
    run = Run(folder)
    run.records_file.write_text(to_lines(records)[0])
    return run


def test_a_case_of_two_kinds_of_environments_is_told_apart_and_keeps_both_records(tmp_path: Path) -> None:
    run = written(tmp_path, record(ABACUS), record(H200), record(NEWER))
    assert len(run.records()) == 3
    assert len({one.case.key for one in run.records()}) == 1
    apart = [one.case.point.device for one in run.listed().told_apart()]
    assert sorted(apart) == sorted(kind_names([ABACUS, H200, NEWER]).values())


def test_a_run_that_went_on_in_another_environment_stays_one(tmp_path: Path) -> None:
    run = written(tmp_path, record(ABACUS), record(NEWER, size=3))
    assert {one.case.point.device for one in run.listed().told_apart()} == {"cpu"}
    assert len({one.case.point.device for one in run.listed().told_apart(merged=True)}) == 2


def test_in_one_environment_a_second_record_is_refused_as_ever(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"records\.jsonl:6: a second record of .*, whose first is in line 2"):
        written(tmp_path, record(ABACUS), record(H200), record(ABACUS | {"load_average": 3.0})).listed()


def test_records_that_say_no_environment_by_a_line_are_of_no_kind_of_their_own(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.records_file.write_text(to_line(record(ABACUS)) + to_lines([record(H200)])[0])
    with pytest.raises(UsageError, match="a second record of"):
        run.listed()


def test_a_contended_case_gives_way_whatever_the_environment(tmp_path: Path) -> None:
    run = written(tmp_path, record(ABACUS, Contended("make")), record(NEWER))
    (kept,) = run.records()
    assert kept.environment == NEWER
    with run.journal() as journal:
        assert journal.keys == {kept.case.key}
