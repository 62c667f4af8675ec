"""Runs followed together: rows as they come, each once, until all are over."""

from __future__ import annotations

import io
import json

from opbench.live.follow import JsonLines, Lines, advice, headline, pictures
from opbench.live.watch import LATEST
from opbench.vocabulary.record import Contended, Failed

from .conftest import BEGAN_S, Growing, case


def test_runs_are_followed_until_all_are_over(growing: Growing) -> None:
    growing.begin(cases=2)
    growing.add(case(3))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        growing.add(case(5))

    found = list(pictures([growing.watch], lambda: BEGAN_S, wait))
    assert [one.progress.done for (one,) in found] == [1, 2]
    assert len(waits) == 1


def test_a_finished_run_is_looked_at_once(growing: Growing) -> None:
    growing.begin(cases=1)
    growing.add(case(3))
    growing.end()
    waits: list[float] = []
    assert len(list(pictures([growing.watch], lambda: BEGAN_S, waits.append))) == 1
    assert waits == []


def test_rows_are_printed_as_they_come_and_each_once(growing: Growing) -> None:
    growing.begin(cases=4)
    growing.add(case(3), at_s=2)
    lines = Lines(io.StringIO())
    lines([growing.look(2)])
    lines([growing.look(2)])
    growing.add(case(5), case(7, Failed("check", "no\x1b[2J")), at_s=6)
    lines([growing.look(6)])
    assert isinstance(lines.stream, io.StringIO)
    first, second, third = lines.stream.getvalue().splitlines()
    assert first.endswith("1/4 cases, running, 0:02 elapsed, 0:06 left, last row 0:00 ago")
    assert second.startswith("[2/4, 0:02 left] rowsum channels=5 torch_eager: 10 us")
    assert third.endswith(r"FAILED in check: no\x1b[2J")


def test_more_rows_than_are_kept_are_counted(growing: Growing) -> None:
    growing.begin(cases=999)
    lines = Lines(io.StringIO())
    lines([growing.look()])
    growing.add(*(case(size) for size in range(1, LATEST + 4)))
    lines([growing.look()])
    assert isinstance(lines.stream, io.StringIO)
    printed = lines.stream.getvalue().splitlines()
    assert printed[1] == "3 more rows"
    assert len(printed) == 2 + LATEST
    assert printed[-1].startswith(f"[{LATEST + 3}/999, ")


def test_machines_get_a_line_for_each_change(growing: Growing) -> None:
    growing.begin(cases=2)
    lines = JsonLines(io.StringIO())
    lines([growing.look(1)])
    lines([growing.look(2)])
    growing.add(case(3))
    lines([growing.look(3)])
    assert isinstance(lines.stream, io.StringIO)
    found = [json.loads(line) for line in lines.stream.getvalue().splitlines()]
    assert [(one["done"], one["total"], one["state"]) for one in found] == [(0, 2, "running"), (1, 2, "running")]
    assert found[1]["latest"][0] | {"words": ""} == {
        "case": "rowsum channels=3",
        "backend": "torch_eager",
        "kind": "measured",
        "words": "",
        "marked": False,
    }


def test_what_there_is_to_look_at_is_in_the_headline(growing: Growing) -> None:
    growing.begin(cases=3)
    growing.add(case(3, Failed("check", "no")), case(5, Contended("busy")))
    assert headline(growing.look()).endswith(", 1 wrong or failed, 1 marked as contended")


def test_a_run_that_is_over_says_what_to_do(growing: Growing) -> None:
    growing.begin(cases=2)
    growing.add(case(3))
    assert advice(growing.look()) == ""
    growing.end()
    assert "--resume" in advice(growing.look())
    growing.run.append([case(5)])
    assert advice(growing.look()) == "the report is not written yet"
    page = growing.run.write("report.html", b"")
    assert advice(growing.look()) == f"report: {page}"
