"""Reports made by several processes are those that one makes; what one of them fails at is left to who asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

import psutil
import pytest

from opbench.running import side_by_side
from opbench.running.side_by_side import FEWEST, made
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report

from ...reports.builders import record

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")

RECORDS = [record(channels=at) for at in range(1, FEWEST + 1)]


@pytest.fixture
def lone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs the tests may have threads of its own."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def report(render: Callable[[Sequence[Record]], list[Artifact]]) -> Report:
    return Report("a report", 0, render)


def telling(text: str) -> Report:
    return report(lambda records: [Artifact(f"{text}.txt", text, str(len(records)), text.encode() * 100_000)])


def raising(_: Sequence[Record]) -> list[Artifact]:
    raise ValueError("what these records hold")


TEXTS = [(f"r{at}", telling(f"r{at}")) for at in range(9)]


@pytest.mark.usefixtures("lone")
@pytest.mark.parametrize("processes", [2, 3, 4, 64])
def test_every_report_is_made_once_and_as_by_one_process(processes: int) -> None:
    assert made(TEXTS, RECORDS, processes) == {name: one.render(RECORDS) for name, one in TEXTS}


@pytest.mark.usefixtures("lone")
def test_one_that_fails_is_left_out_and_takes_no_other_with_it() -> None:
    found = made([("bad", report(raising)), *TEXTS, ("worse", report(raising))], RECORDS, 3)
    assert found.keys() == {name for name, _ in TEXTS}


@pytest.mark.usefixtures("lone")
def test_a_process_that_dies_takes_only_what_it_made() -> None:
    parent, before = os.getpid(), psutil.Process().children()

    def dying(_: Sequence[Record]) -> list[Artifact]:
        if os.getpid() != parent:
            os._exit(9)
        return []

    found = made([("first", report(dying)), *TEXTS, ("last", report(dying))], RECORDS, 2)
    assert all(found[name] == one.render(RECORDS) for name, one in TEXTS if name in found)
    assert psutil.Process().children() == before


@pytest.mark.parametrize("few", ["processes", "records", "reports"])
def test_where_it_would_not_pay_nothing_is_forked(few: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    reports, records = (TEXTS[:1] if few == "reports" else TEXTS), (RECORDS[1:] if few == "records" else RECORDS)
    assert made(reports, records, 1 if few == "processes" else 4) == {}


def test_beside_another_thread_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that it holds would be held for ever."""
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert made(TEXTS, RECORDS, 4) == {}
    finally:
        done.set()
        other.join()


def test_as_many_processes_as_there_are_processors_to_run_on() -> None:
    if hasattr(os, "sched_getaffinity"):
        assert side_by_side._processors() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_what_comes_first_is_done_once_whether_or_not_anything_is_forked(
    processes: int, lone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    made(TEXTS, RECORDS, processes, first=lambda: done.append(os.getpid()))
    assert done == [os.getpid()]


@pytest.mark.usefixtures("lone")
def test_the_costliest_are_begun_first_while_this_process_does_its_own() -> None:
    """It waits here for all that the other one takes, so that the order is that one's alone."""
    seen, tell = os.pipe()
    costs = {"b": 0.5, "none": 0.0, "a": 0.7, "also none": 0.0, "c": 0.5}

    def telling(name: str, cost: float) -> Report:
        def render(_: Sequence[Record]) -> list[Artifact]:
            os.write(tell, name[0].encode())
            return []

        return Report(name, 0, render, cost=cost)

    order: list[bytes] = []
    try:
        reports = [(name, telling(name, cost)) for name, cost in costs.items()]
        made(reports, RECORDS, 2, first=lambda: order.extend(os.read(seen, 1) for _ in costs))
    finally:
        os.close(seen)
        os.close(tell)
    assert b"".join(order) == b"abcna"
