"""An alarm is news once, though its line grows and its place moves; another one at the same case is news too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.known import Told, news, read
from opbench.history.alarms.message import as_json

from ..builders import line
from .test_found import AT, COUNT, EAGER, OURS, found, values


def kept(alarms: Sequence[Alarm], path: Path) -> list[Told]:
    path.write_text("".join(json.dumps(as_json(one)) + "\n" for one in alarms))
    return read(path)


def test_what_was_told_is_no_news_on_any_later_day(tmp_path: Path) -> None:
    noisy = values(noise=0.02)
    days = [found(line(noisy[:count], case=OURS)) for count in range(AT + 4, COUNT + 1)]
    first, *later = [alarms for alarms in days if alarms]
    told = kept(first, tmp_path / "told.jsonl")
    assert len(later) > 5
    assert [news(alarms, told, confirming=False) for alarms in later] == [[]] * len(later)


def test_another_case_machine_way_or_place_is_news(tmp_path: Path) -> None:
    told = kept(found(line(values(1.2), case=OURS)), tmp_path / "told.jsonl")
    for rows in (
        line(values(1.2), case=EAGER),
        line(values(1.2), case=OURS, machine="other@000000"),
        line(values(0.8), case=OURS),
        line(values(1.2, AT - 9), case=OURS),
    ):
        (one,) = found(rows)
        assert news([one], told, confirming=False) == [one]


def test_what_was_unconfirmed_is_asked_about_again_and_what_was_confirmed_is_not(tmp_path: Path) -> None:
    (one,) = found(line(values(), case=OURS))
    for kind, confirming, again in (
        (Kind.UNCONFIRMED, True, True),
        (Kind.UNCONFIRMED, False, False),
        (Kind.CODE, True, False),
        (Kind.NOISE, True, False),
    ):
        told = kept([replace(one, kind=kind)], tmp_path / "told.jsonl")
        assert bool(news([one], told, confirming=confirming)) == again


def test_commits_that_are_gone_are_compared_by_the_likeliest_alone(tmp_path: Path) -> None:
    (one,) = found(line(values(), case=OURS))
    before, first, _ = one.commits
    for commits, again in (((before, first, "f" * 12), False), ((before, before, "f" * 12), True)):
        told = kept([replace(one, commits=commits)], tmp_path / "told.jsonl")
        assert bool(news([one], told, confirming=False)) == again


def test_a_file_that_is_not_there_yet_has_none_and_one_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    assert read(path) == []
    path.write_text("\n")
    assert read(path) == []
    for text in ("{", "[]", "7", '{"case": "a"}', '{"case": "a", "commits": {}, "machine": "b"}'):
        path.write_text(f"\n{text}\n")
        with pytest.raises(UsageError, match="line 2: no alarm as"):
            read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        read(path)
