"""Stored slices are believed only where they fit together: columns with samples, both sides in turn grid of rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from opbench.gate.files.merge import merge_sides
from opbench.gate.files.slice_columns import from_columns, to_columns
from opbench.gate.samples import SIDES, Side, Slice

from ..stored_pairs import synthetic

SAMPLES = synthetic("a", workers=3, rounds=4)

Slices = list[Slice]


def of(side: Side) -> Slices:
    return [turn for turn in SAMPLES.slices if SAMPLES.sides[turn.worker] == side]


def test_sides_that_ran_in_lockstep_are_put_together_again() -> None:
    parts = merge_sides("a", {side: {"screen": of(side)} for side in SIDES})
    assert list(parts) == ["screen"]
    assert parts["screen"].sides == SAMPLES.sides
    key = lambda turn: (turn.round, turn.order)  # noqa: E731
    assert sorted(parts["screen"].slices, key=key) == sorted(SAMPLES.slices, key=key)


def test_every_stage_is_put_together_by_itself() -> None:
    stages = {side: {stage: of(side) for stage in ("screen", "confirm")} for side in SIDES}
    assert sorted(merge_sides("a", stages)) == ["confirm", "screen"]


SPOILED: dict[str, tuple[Callable[[Slices], Slices], str]] = {
    "worker lost": (lambda head: [turn for turn in head if turn.worker != 3], "3 base and 2 head workers"),
    "worker of base": (
        lambda head: [replace(turn, worker=0) if turn.worker == 1 else turn for turn in head],
        "both sides",
    ),
    "slice lost": (lambda head: head[1:], "round 0 of stage screen has 5 slices for 6 workers"),
    "slice twice": (lambda head: [*head, head[0]], "round 0 of stage screen has 7 slices for 6 workers"),
    "two in a turn": (lambda head: [replace(turn, order=0) for turn in head], "the same turn"),
    "turns exchanged": (
        lambda head: [replace(turn, order=9 - turn.order) for turn in head],
        "not in the order of their",
    ),
    "later": (lambda head: [replace(turn, at_s=turn.at_s + 9 * turn.order) for turn in head], "not in"),
    "other calls": (lambda head: [replace(turn, calls=9) for turn in head], "4 and 9 calls a sample"),
    "other samples": (lambda head: [replace(turn, samples_s=turn.samples_s[1:]) for turn in head], "7 and 8 samples"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_slices_that_do_not_fit_together_are_refused(name: str) -> None:
    spoil, message = SPOILED[name]
    with pytest.raises(ValueError, match=message):
        merge_sides("a", {"base": {"screen": of("base")}, "head": {"screen": spoil(of("head"))}})


def test_a_round_missing_on_both_sides_is_noticed() -> None:
    rest = {side: {"screen": [turn for turn in of(side) if turn.round != 2]} for side in SIDES}
    with pytest.raises(ValueError, match="of 4 rounds of stage screen, 3 are there"):
        merge_sides("a", rest)


def test_rounds_that_overlap_in_time_are_not_in_lockstep() -> None:
    slower = {
        side: {"screen": [replace(turn, at_s=turn.at_s - 0.99 * turn.round) for turn in of(side)]} for side in SIDES
    }
    with pytest.raises(ValueError, match="began before round 0 ended"):
        merge_sides("a", slower)


def test_a_stage_of_one_side_only_is_refused() -> None:
    with pytest.raises(ValueError, match="base has the stages screen, head none"):
        merge_sides("a", {"base": {"screen": of("base")}, "head": {}})


def column(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda columns: columns[name].__setitem__(0, value)


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "column lost": (lambda columns: columns.pop("calls"), "are not the columns"),
    "column no list": (lambda columns: columns.update(calls=4), "are not the columns"),
    "lengths": (lambda columns: columns["faults"].pop(), "differ in length"),
    "one slice less": (lambda columns: [column.pop() for column in columns.values()], "88 samples, its data has 96"),
    "text": (column("worker", "0"), "column 'worker' holds '0'"),
    "half": (column("round", 0.5), "column 'round' holds 0.5"),
    "truth": (column("order", True), "column 'order' holds True"),
    "negative": (column("faults", -1), "column 'faults' holds -1"),
    "no calls": (column("calls", 0), "column 'calls' holds 0"),
    "no time": (column("at_s", None), "column 'at_s' holds None"),
    "NaN": (column("cpu_s", float("nan")), "column 'cpu_s' holds nan"),
    "beyond floats": (column("at_s", 10**400), "column 'at_s' holds"),
    "clock": (column("clock_hz", 0.0), "column 'clock_hz' holds 0.0"),
    "stage": (column("stage", "warm"), "column 'stage' holds 'warm'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_columns_that_are_not_ours_are_refused(name: str) -> None:
    columns, data = to_columns([SAMPLES], "base")
    spoil, message = BROKEN[name]
    spoil(columns)
    with pytest.raises(ValueError, match=message):
        from_columns(columns, data)


def test_columns_come_back_as_slices_with_their_clock() -> None:
    clocked = replace(SAMPLES, slices=[replace(turn, clock_hz=1.98e9) for turn in SAMPLES.slices])
    columns, data = to_columns([clocked], "head")
    assert from_columns(columns, data) == {"screen": [replace(turn, clock_hz=1.98e9) for turn in of("head")]}
