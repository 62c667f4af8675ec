"""A line says what is wrong with it: which field, what came, what was expected. What is right comes back as it was."""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from opbench.store.codec import (
    LONGEST_LINE,
    from_line,
    outcome_from_json,
    outcome_to_json,
    parts_from_json,
    parts_to_json,
    point_from_json,
    point_to_json,
    to_line,
)
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Check, Failed, Measured, Mismatch, Record, Trial
from opbench.vocabulary.work import Part, Work

POINT = Point("pairs", Axes({"batch": 1, "channels": 17}), "bfloat16", "cuda", "out", "cuda_events:warm")
CHECK = Check(True, 9, 0, 1e-8, 1e-7, 1e-6, 0.0)
LIMIT = Limit("L2", 1e-6, 2e-6, 3e-6, 0.0, 4e-6, 2e-6)
PARTS = (Part("inner", Axes({"k": 2}), 3), Part("outer", Axes({}), 1))
MEASURED = Measured(CHECK, (1e-3, 2e-3), 5, "target", 0.5, 10, 0.01, 0.1, trials=(Trial("a", None, "too large"),))
RECORD = Record(
    case=Case(POINT, "one:flat", 2),
    outcome=MEASURED,
    environment={"threads": 2, "versions": {"torch": "2.13.0"}},
    revision="abc",
    started="now",
    work=Work(1, 2, 3, 4, 5),
    sizes={"out_channels": 136},
    counts={"fvcore": {"macs": 1}, "torch": "no counter"},
    parts=PARTS,
    limit=LIMIT,
)


def data(record: Record = RECORD) -> dict[str, Any]:
    """What the line says, without its checksum."""
    found: dict[str, Any] = json.loads(to_line(record))
    del found["crc32"]
    return found


def refusal(line: bytes | str) -> str:
    with pytest.raises(UsageError) as refused:
        from_line(line, "runs:3")
    return str(refused.value)


def test_every_field_comes_back() -> None:
    assert from_line(to_line(RECORD)) == RECORD
    assert from_line(to_line(RECORD).encode()) == RECORD
    assert point_from_json(point_to_json(POINT)) == POINT
    assert parts_from_json(parts_to_json(PARTS)) == PARTS
    assert outcome_from_json(outcome_to_json(MEASURED)) == MEASURED


def test_the_checksum_is_of_all_that_stands_before_it() -> None:
    line = to_line(RECORD)
    text, mark, checksum = line.partition(',"crc32":"')
    assert (mark, line[-1]) == (',"crc32":"', "\n")
    assert int(checksum[:8], 16) == zlib.crc32(text.encode())
    assert refusal(line.replace("abc", "abd")).startswith("runs:3: its checksum does not fit")


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_errors_of_a_check_that_are_no_numbers_come_back(number: float) -> None:
    outcome = Mismatch(Check(False, 9, 3, number, number, 1e-6, 0.0))
    record = from_line(to_line(Record(RECORD.case, outcome, {}, "", "")))
    assert isinstance(record.outcome, Mismatch)
    assert str(record.outcome.check.max_abs_error) == str(number)


@pytest.mark.parametrize("name", sorted(set(data()) - {"schema", "parts", "limit"}))
def test_a_field_that_is_missing_is_named(name: str) -> None:
    content = data()
    del content[name]
    assert refusal(json.dumps(content)) == f"runs:3: bad field: '{name}' is missing"


@pytest.mark.parametrize("name", ["parts", "limit"])
def test_records_of_before_lack_what_did_not_exist(name: str) -> None:
    content = data() | {"schema": 1}
    del content[name]
    assert getattr(from_line(json.dumps(content)), name) == (() if name == "parts" else None)


@pytest.mark.parametrize("value", [7, "text", [1], {"a": [None]}, True])
@pytest.mark.parametrize("name", sorted(set(data()) - {"schema"}))
def test_a_field_of_another_kind_is_named(name: str, value: Any) -> None:
    if name in {"revision", "started"} and value == "text":
        return
    if name == "environment" and isinstance(value, dict):
        return
    assert refusal(json.dumps(data() | {name: value})).startswith(f"runs:3: bad field: {name}: ")


@pytest.mark.parametrize(("name", "value"), [("backend", 7), ("replica", "1"), ("replica", 1.5), ("axes", {"n": [7]})])
def test_a_field_of_the_case_is_named(name: str, value: Any) -> None:
    content = data()
    content["case"][name] = value
    said = refusal(json.dumps(content))
    assert said.startswith(f"runs:3: bad field: {'case' if name == 'axes' else name}: ")


def test_an_outcome_of_another_kind_is_answered_with_those_there_are() -> None:
    kinds = "measured, mismatch, contended, unavailable, failed"
    for kind in ("guessed", None, 7, ["measured"]):
        with pytest.raises(ValueError, match=rf"; expected one of {kinds}\Z") as refused:
            outcome_from_json({"kind": kind})
        assert str(refused.value).startswith(f"kind is {kind!r};")
    with pytest.raises(ValueError, match=r"^kind is None"):
        outcome_from_json([])
    with pytest.raises(ValueError, match=rf"^kind is '{'x' * 79}; expected"):
        outcome_from_json({"kind": "x" * 50_000})


@pytest.mark.parametrize("schema", [0, 3, "1", True, [1]])
def test_another_schema_is_named_with_ours(schema: Any) -> None:
    text = f"runs:3: schema {schema!r}, this opbench reads schemas 1 and 2"
    assert refusal(json.dumps(data() | {"schema": schema})) == text


@pytest.mark.parametrize("line", ["", "[]", "7", "null", '"schema"', '{"a":1}', "{", '{"schema":1', "\x00"])
def test_what_is_no_record_says_that_a_run_was_killed_and_what_to_do(line: str) -> None:
    said = refusal(line)
    assert said.startswith("runs:3: not a complete record (")
    assert said.endswith("), the mark of a run that was killed: sweep --resume repairs it")


@pytest.mark.parametrize("number", [-(2**63), -(10**18), 2**63, 2**64 - 1])
def test_integers_of_64_bits_are_read_as_they_were_written(number: int) -> None:
    line = json.dumps(data()).replace('"threads": 2', f'"threads": {number}')
    assert from_line(line).environment["threads"] == number


@pytest.mark.parametrize("number", [str(-(2**63) - 1), str(2**64), "-" + "9" * 19, "1" * 5000])
def test_other_integers_are_refused(number: str) -> None:
    line = json.dumps(data()).replace('"threads": 2', f'"threads": {number}')
    assert f"an integer of {len(number.removeprefix('-'))} digits; expected one of 64 bits" in refusal(line)


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff", "a\\ud83d"])
def test_half_a_character_is_none(text: str) -> None:
    assert "not a complete record (Unicode" in refusal(json.dumps(data()).replace("abc", text))
    assert from_line(json.dumps(data()).replace("abc", "\\ud83d\\ude00")).revision == "\U0001f600"
    assert "not a complete record (Unicode" in refusal('{"schema":1,"a":"\ud800"}')


def test_a_line_beyond_the_longest_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LONGEST_LINE > 1 << 20
    line = to_line(RECORD).encode()
    monkeypatch.setattr("opbench.store.codec.LONGEST_LINE", len(line))
    assert from_line(line) == RECORD
    monkeypatch.setattr("opbench.store.codec.LONGEST_LINE", len(line) - 1)
    assert refusal(line) == f"runs:3: {len(line)} bytes; a record has at most {len(line) - 1}"


def test_lines_are_numbered_as_an_editor_numbers_them(tmp_path: Path) -> None:
    run = Run(tmp_path)
    other = Record(Case(POINT, "two"), Failed("prepare", "over"), {}, "", "")
    content = f"\n{to_line(RECORD)}\r\n  \n{to_line(other)}".encode()
    run.records_file.write_bytes(content)
    assert run.records() == [RECORD, other]
    run.records_file.write_bytes(content + to_line(other).encode())
    with pytest.raises(UsageError, match=r"records.jsonl:6: a second record of .*/two, whose first is in line 5: two"):
        run.records()
    run.records_file.write_bytes(content + b"{")
    with pytest.raises(UsageError, match=r"records.jsonl:6: not a complete record"):
        run.records()
