"""A records file is listed without being held, and the quick way to read a line says what the careful one says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from opbench.store import decoding
from opbench.store.codec import from_line, to_line
from opbench.store.decoding import Lines
from opbench.store.environment_lines import environment_id, environment_line, to_lines
from opbench.store.runs import Run
from opbench.store.sealing import fits, sealed
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Check, Contended, Failed, Measured, Mismatch, Outcome, Record, Unavailable
from opbench.vocabulary.work import Part, Work
from tests.rows import rows

HERE = {"threads": 2, "versions": {"torch": "2"}}
PASSED = Check(True, 9, 0, 1e-8, 1e-7, 1e-6, 0.0)
MISSED = Check(False, 9, 3, float("inf"), 1e-7, 1e-6, 0.0, "first at (0,): got inf")
OUTCOMES: list[Outcome] = [
    Measured(PASSED, (1e-3, 2e-3), 5, "target", 0.5, 10, 0.01, 0.1, figures={"load_s": 0.25}),
    Mismatch(MISSED),
    Unavailable('braces } and "quotes" {'),
    Contended("3 of 4 samples were preempted"),
    Failed("prepare", "RuntimeError: µ \u2028"),
]


def record(size: int = 1, outcome: Outcome = OUTCOMES[2], backend: str = "cpp:flat", operator: str = "op") -> Record:
    case = Case(Point(operator, Axes({"batch": 1, "size": size})), backend, 1)
    parts = (Part("inner", Axes({"k": 2}), 3),)
    return Record(case, outcome, HERE, "abc", "now", Work(1, 2, 3, 4, 5), {"n": 3}, {"torch": "none"}, parts)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@rows("outcome", OUTCOMES)
def test_the_quick_way_and_the_careful_one_read_the_same(outcome: Outcome) -> None:
    lines = Lines()
    written = replace(record(outcome=outcome, backend='a}"{b'), limit=Limit("L2", 1e-6, 2e-6, 3e-6, 4e-6, 9e-6, 8e-6))
    told, line = to_lines([written])[0].encode().splitlines(keepends=True)
    assert lines.head(told, "here") is None
    assert lines.record(line, "here") == from_line(line, "here", lines.environments) == written
    head = lines.head(line, "here")
    assert head is not None
    assert (head.key, head.operator, head.backend) == (written.case.key, "op", 'a}"{b')
    assert head.environment == environment_id(HERE)
    assert head.open is isinstance(outcome, Contended)


@rows("number", [-(2**63), -(10**18), 2**63, 2**64 - 1, -(2**63) - 1, 2**64, 10**30])
def test_an_integer_is_one_of_64_bits_in_the_quick_way_and_in_the_careful_one(number: int) -> None:
    lines, written = Lines(), replace(record(), work=Work(number, 0, 0, 0, 0))
    told, line = to_lines([written])[0].encode().splitlines(keepends=True)
    assert lines.head(told, "here") is None
    if -(2**63) <= number < 2**64:
        assert lines.record(line, "here") == from_line(line, "here", lines.environments) == written
        return
    for read in (lines.record, partial(from_line, environments=lines.environments)):
        with pytest.raises(UsageError, match="digits; expected one of 64 bits"):
            read(line, "here")


def test_what_this_opbench_wrote_is_read_the_quick_way_but_for_what_is_not_finite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    careful: list[bytes] = []

    def noted(line: bytes, *given: Any) -> Record:
        careful.append(line)
        return from_line(line, *given)

    monkeypatch.setattr(decoding, "from_line", noted)
    for outcome in OUTCOMES:
        lines, careful[:] = Lines(), []
        told, line = to_lines([record(outcome=outcome)])[0].encode().splitlines(keepends=True)
        assert lines.head(told, "here") is None
        assert lines.head(line, "here") is not None
        assert lines.record(line, "here") == record(outcome=outcome)
        assert len(careful) == (outcome == Mismatch(MISSED))


def test_a_record_that_stands_alone_carries_its_environment() -> None:
    assert Lines().record(to_line(record()).encode(), "here") == record()


def test_records_that_repeat_their_environment_share_one() -> None:
    lines, other = Lines(), replace(record(), environment={**HERE, "threads": 4})
    read = [lines.record(to_line(one).encode(), "here") for one in (record(1), record(2), other, other)]
    assert [one.environment for one in read] == [HERE, HERE, other.environment, other.environment]
    assert read[0].environment is read[1].environment
    assert read[2].environment is read[3].environment


@rows(
    "before, after, says",
    [
        ('"batch":1', '"batch":[1]', "bad field: case: .*array"),
        ('"k":2', '"k":null', "bad field: parts: .*null"),
        ("0.001", "-1", "positive finite"),
        ("0.001", "NaN", "positive finite"),
        ("0.001", "1e999", "positive finite"),
        ('"kind":"measured"', '"kind":"guessed"', "kind is 'guessed'; expected one of measured, "),
        ('"revision":', '"version":', "'revision' is missing"),
        (environment_id(HERE), "0" * 16, "environment: '0{16}' is on no line before this one; put that line back"),
    ],
)
def test_what_is_wrong_in_a_sealed_line_is_named(before: str, after: str, says: str) -> None:
    lines = Lines()
    told, line = to_lines([record(outcome=OUTCOMES[0])])[0].splitlines(keepends=True)
    lines.head(told.encode(), "here")
    changed = sealed(line.partition(',"crc32"')[0].replace(before, after) + "}")
    assert before in line
    with pytest.raises(UsageError, match=f"here: .*{says}"):
        lines.record(changed.encode(), "here")


@rows("at", [0, 20, 100, -30])
def test_a_changed_line_is_refused_by_head_and_record(at: int) -> None:
    line = bytearray(to_line(record()).encode())
    line[at] ^= 1
    for read in (Lines().head, Lines().record):
        with pytest.raises(UsageError, match="here: "):
            read(bytes(line), "here")


def test_a_line_with_another_number_in_it_is_refused_by_head_and_record() -> None:
    lines = Lines()
    told, line = to_lines([record(outcome=OUTCOMES[0])])[0].encode().splitlines(keepends=True)
    lines.head(told, "here")
    for read in (lines.head, lines.record):
        with pytest.raises(UsageError, match="here: its checksum does not fit"):
            read(line.replace(b"0.001", b"0.003"), "here")


def test_a_seal_is_known_behind_what_editors_add() -> None:
    line = sealed('{"a":1}').encode()
    assert fits(line) is fits(line.replace(b"\n", b"\r\n")) is True
    assert fits(line.replace(b"1", b"2")) is False
    assert fits(b'{"a":1}\n') is None


def test_an_environment_is_written_once_a_file_and_again_where_it_changes(run: Run) -> None:
    elsewhere = {**HERE, "threads": 4}
    run.append([record(1), record(2)])
    with run.journal() as journal:
        journal.append([record(3), replace(record(4), environment=elsewhere)])
        journal.append([record(5), replace(record(6), environment=elsewhere)])
    text = run.records_file.read_text()
    assert text.count('"id":') == text.count('"versions"') == 2
    assert [one.environment for one in run.records()] == [HERE, HERE, HERE, elsewhere, HERE, elsewhere]


def test_two_files_put_together_are_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = Run(tmp_path / "b")
    run.append([record(1)])
    other.append([record(2)])
    run.records_file.write_bytes(run.records_file.read_bytes() + other.records_file.read_bytes())
    assert run.records() == [record(1), record(2)]


def test_a_changed_environment_is_refused(run: Run) -> None:
    run.records_file.write_text(environment_line(HERE).replace("2", "3", 2))
    with pytest.raises(UsageError, match=r"records\.jsonl:1: "):
        run.records()
    run.records_file.write_text(environment_line(HERE).replace('"torch":"2"', '"torch":"3"'))
    with pytest.raises(UsageError, match=r"records\.jsonl:1: its checksum does not fit"):
        run.records()


def test_a_torn_environment_is_cut_off_and_written_again(run: Run) -> None:
    run.records_file.write_text(environment_line(HERE)[:-9])
    with run.journal() as journal:
        assert "incomplete last line" in journal.repaired
        journal.append([record(1)])
    assert run.records() == [record(1)]


def test_a_kill_between_an_environment_and_its_record_costs_the_record_only(run: Run) -> None:
    told, line = to_lines([record(1)])[0].splitlines(keepends=True)
    run.records_file.write_text(told + line[:50])
    run.append([record(1)])
    assert run.records_file.read_text() == told + line


def test_records_are_counted_and_chosen_before_they_are_read(run: Run) -> None:
    run.append([record(1), record(2, backend="b"), record(3), record(4, operator="other")])
    listed = run.listed()
    assert dict(listed.counts) == {("op", "cpp:flat"): 2, ("op", "b"): 1, ("other", "cpp:flat"): 1}
    assert len(listed) == 4
    some = listed.only(lambda group: group != ("op", "b"))
    assert list(some) == list(some) == [record(1), record(3), record(4, operator="other")]
    assert len(some.only(lambda group: group[0] == "other")) == 1
    assert list(listed.only(lambda _: False)) == []


def test_a_file_that_is_not_there_has_no_records(run: Run) -> None:
    assert len(run.listed()) == 0
    assert run.records() == []


def test_only_the_key_and_the_kind_are_read_of_a_sealed_line_that_is_listed(run: Run) -> None:
    """To go on from a run, nobody has to know what its samples were."""
    text, _ = to_lines([record(1, OUTCOMES[0])])
    told, line = text.splitlines(keepends=True)
    unreadable = sealed(line.partition(',"crc32"')[0].replace("0.001", "?") + "}")
    run.records_file.write_text(told + unreadable)
    with run.journal() as journal:
        assert journal.keys == {record(1).case.key}
    with pytest.raises(UsageError, match=r"records\.jsonl:2: not a complete record"):
        run.records()


@rows(
    "environment, says",
    [
        ({"os": "\\ud800"}, "surrogates not allowed"),
        ({"threads": int("7" * 20)}, "an integer of 20 digits; expected one of 64 bits"),
    ],
)
def test_an_environment_is_read_as_strictly_as_a_record(environment: dict[str, object], says: str, run: Run) -> None:
    line = environment_line(environment).replace("\\\\ud800", "\\ud800")
    run.records_file.write_text(sealed(line[: line.index(',"crc32"')] + "}"))
    with pytest.raises(UsageError, match=rf"records\.jsonl:1: not a complete environment .*{says}"):
        run.records()


def test_an_environment_told_again_is_the_same_one(run: Run) -> None:
    told, line = to_lines([record(1)])[0].splitlines(keepends=True)
    run.records_file.write_text(told + told + line)
    assert run.records() == [record(1)]
    other = environment_line({"threads": 64}, environment_id(HERE))
    run.records_file.write_text(told + line + other)
    with pytest.raises(UsageError, match=r"records\.jsonl:3: another environment under the id '[0-9a-f]{16}'"):
        run.records()
