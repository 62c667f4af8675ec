"""`plan.json` says of which plan a run is, comes back as it was written, and is refused where it is damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.planning import plan_file
from opbench.planning.plan_file import Part, PlanFile
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.store.runs import Run
from opbench.vocabulary.sweep import Narrowing
from tests.rows import rows

BY = Narrowing(axes={"channels": (3, 5), "kind": ("a", True, 0.5)}, operators=("cross_hadamard",), modes=("out",))
REQUEST = Request("channels", "cpu", "wall", 0.25, True, BY)
PART = Part(REQUEST, Shard(2, 3), "0123456789abcdef", "fedcba9876543210", 7)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for written in (PlanFile((PART,)), PlanFile.of([PART, replace(PART, shard=Shard(1, 3))], merged=True)):
        written.write(run)
        assert plan_file.read(run) == written


def test_a_run_of_before_has_none(tmp_path: Path) -> None:
    assert plan_file.read(Run(tmp_path)) is None


def test_parts_have_one_order_and_each_once() -> None:
    parts = [replace(PART, shard=Shard(number, 3)) for number in (1, 2, 3)]
    assert PlanFile.of([*parts, *parts], merged=True) == PlanFile.of(reversed(parts), merged=True)
    assert len(PlanFile.of([*parts, *parts]).parts) == 3


def damaged(**changes: object) -> str:
    text = '{"schema": 1, "merged": false, "parts": []}'
    return json.dumps(json.loads(text) | changes)


@rows(
    "text, says",
    [
        ("", "is no plan of a run"),
        ("[]", "is no plan of a run"),
        ("{}", "KeyError"),
        ("[" * 100_000, "is no plan of a run"),
        (damaged(schema=2), "schema 2, this opbench reads 1"),
        (damaged(schema=True), "schema True"),
        (damaged(merged="yes"), "Expected `bool`"),
        (damaged(parts=[{}]), "missing required field"),
        (damaged(parts=[{"shard": {"number": 9, "count": 3}}]), "9/3 is no shard|missing required field"),
    ],
)
def test_a_damaged_one_is_refused_in_one_line_that_says_what_to_do(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / plan_file.FILE).write_text(text)
    with pytest.raises(UsageError, match=says) as caught:
        plan_file.read(Run(tmp_path))
    assert "remove that file" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@rows("name", ["../../elsewhere", "/elsewhere", "..", "", "a/b", "\x1b[2J", "a\u202eb", "x" * 201])
def test_a_sweep_whose_name_is_no_folders_is_refused(name: str, tmp_path: Path) -> None:
    """A merge makes a folder of that name, and its plans come from other machines."""
    PlanFile((replace(PART, request=replace(PART.request, sweep=name)),)).write(Run(tmp_path))
    with pytest.raises(UsageError, match="expected one of a folder"):
        plan_file.read(Run(tmp_path))


def test_more_shards_than_can_be_asked_for_are_none() -> None:
    with pytest.raises(ValueError, match="at most 999999"):
        Shard(1, 10**6)
    assert Shard(1, 10**6 - 1).count == 999_999
