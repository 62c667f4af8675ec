"""Stored slices are believed only where they fit together: columns with samples, both sides in one grid of rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from opbench.gate.files.merge import merge_sides
from opbench.gate.files.slice_columns import from_columns, to_columns
from opbench.gate.samples import SIDES, Side, Slice

from ..stored_pairs import synthetic

TAKEN = synthetic("a", workers=3, rounds=4)

Slices = list[Slice]


def of(side: Side) -> Slices:
    return [one for one in TAKEN.slices if TAKEN.sides[one.worker] == side]


def test_sides_that_ran_in_lockstep_are_put_together_again() -> None:
    parts = merge_sides("a", {side: {"screen": of(side)} for side in SIDES})
    assert list(parts) == ["screen"]
    assert parts["screen"].sides == TAKEN.sides
    key = lambda one: (one.round, one.order)  # noqa: E731
    assert sorted(parts["screen"].slices, key=key) == sorted(TAKEN.slices, key=key)


def test_every_stage_is_put_together_by_itself() -> None:
    stages = {side: {stage: of(side) for stage in ("screen", "confirm")} for side in SIDES}
    assert sorted(merge_sides("a", stages)) == ["confirm", "screen"]


SPOILED: dict[str, tuple[Callable[[Slices], Slices], str]] = {
    "worker lost": (lambda head: [one for one in head if one.worker != 3], "3 base and 2 head workers"),
    "worker of base": (lambda head: [replace(one, worker=0) if one.worker == 1 else one for one in head], "both sides"),
    "slice lost": (lambda head: head[1:], "round 0 of stage screen has 5 slices for 6 workers"),
    "slice twice": (lambda head: [*head, head[0]], "round 0 of stage screen has 7 slices for 6 workers"),
    "two in a turn": (lambda head: [replace(one, order=0) for one in head], "the same turn"),
    "turns exchanged": (lambda head: [replace(one, order=9 - one.order) for one in head], "not in the order of their"),
    "later": (lambda head: [replace(one, at_s=one.at_s + 9 * one.order) for one in head], "not in"),
    "other calls": (lambda head: [replace(one, calls=9) for one in head], "4 and 9 calls a sample"),
    "other samples": (lambda head: [replace(one, samples_s=one.samples_s[1:]) for one in head], "7 and 8 samples"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_slices_that_do_not_fit_together_are_refused(name: str) -> None:
    spoil, said = SPOILED[name]
    with pytest.raises(ValueError, match=said):
        merge_sides("a", {"base": {"screen": of("base")}, "head": {"screen": spoil(of("head"))}})


def test_a_round_missing_on_both_sides_is_noticed() -> None:
    rest = {side: {"screen": [one for one in of(side) if one.round != 2]} for side in SIDES}
    with pytest.raises(ValueError, match="of 4 rounds of stage screen, 3 are there"):
        merge_sides("a", rest)


def test_rounds_that_overlap_in_time_are_not_in_lockstep() -> None:
    slower = {side: {"screen": [replace(one, at_s=one.at_s - 0.99 * one.round) for one in of(side)]} for side in SIDES}
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
    columns, data = to_columns([TAKEN], "base")
    spoil, said = BROKEN[name]
    spoil(columns)
    with pytest.raises(ValueError, match=said):
        from_columns(columns, data)


def test_columns_come_back_as_slices_with_their_clock() -> None:
    clocked = replace(TAKEN, slices=[replace(one, clock_hz=1.98e9) for one in TAKEN.slices])
    columns, data = to_columns([clocked], "head")
    assert from_columns(columns, data) == {"screen": [replace(one, clock_hz=1.98e9) for one in of("head")]}
