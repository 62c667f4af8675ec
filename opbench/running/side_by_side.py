"""Reports made by several processes: each is a function from records to artifacts, and drawing is what takes time.

Processes are forked, so that they have the records and what is imported. Who is free takes the next report: its number
is a byte in a pipe that all of them read. What a process has made comes back when it has nothing left to take; what it
did not bring, because it failed or died, is not here, and is made by whoever asked.
"""

from __future__ import annotations

import os
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report

FEWEST = 16
"""Records below which nothing is forked: hardly a figure is drawn of so few, and a fork with its pipe takes 10 ms."""

MOST = 4
"""Processes: of a run's reports that draw, two or three take most of the time."""


def made(
    reports: Sequence[tuple[str, Report]],
    records: list[Record],
    processes: int = 0,
    first: Callable[[], object] = lambda: None,
) -> dict[str, list[Artifact]]:
    """What reports make of the records, by their names; without those that failed, in any order.

    processes: 0 for as many as there are processors, 1 where another thread runs in this one, whose locks a forked
    process would find taken.
    first: done by this process before it takes a report, while others do already.
    """
    count = min(processes or _processors(), MOST, len(reports))
    if count < 2 or len(records) < FEWEST or threading.active_count() > 1 or not hasattr(os, "fork"):
        first()
        return {}
    numbers, give = os.pipe()
    os.write(give, bytes(_longest_first(reports)))
    os.close(give)
    helpers = [_helper(numbers, reports, records) for _ in range(count - 1)]
    try:
        first()
        found = dict(_taken(numbers, reports, records))
    finally:
        os.close(numbers)
        brought = [_brought(process, answer) for process, answer in helpers]
    for part in brought:
        found |= part
    return found


def _longest_first(reports: Sequence[tuple[str, Report]]) -> list[int]:
    """Their numbers: what is begun last is short, and nobody waits long for who makes it."""
    return sorted(range(len(reports)), key=lambda number: -reports[number][1].cost)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _taken(
    numbers: int, reports: Sequence[tuple[str, Report]], records: list[Record]
) -> Iterator[tuple[str, list[Artifact]]]:
    """Report by report, as long as there is one that nobody has taken."""
    while taken := os.read(numbers, 1):
        name, report = reports[taken[0]]
        try:
            yield name, report.render(records)
        except Exception:  # noqa: BLE001, S112  (who asked makes it again, and says what is wrong with it)
            continue


def _helper(numbers: int, reports: Sequence[tuple[str, Report]], records: list[Record]) -> tuple[int, BinaryIO]:
    """A process that takes reports, and the end of its pipe that its answer comes from."""
    answer, give = os.pipe()
    with _no_warning():
        process = os.fork()
    if process:
        os.close(give)
        return process, os.fdopen(answer, "rb")
    code = 1
    try:
        os.close(answer)
        with os.fdopen(give, "wb") as file:
            pickle.dump(dict(_taken(numbers, reports, records)), file)
        code = 0
    finally:
        os._exit(code)  # nothing of the process it was forked from is ended a second time


def _brought(process: int, answer: BinaryIO) -> dict[str, list[Artifact]]:
    with answer:
        data = answer.read()
    _, status = os.waitpid(process, 0)
    found: dict[str, list[Artifact]] = {}
    if status == 0:
        found = pickle.loads(data)  # noqa: S301  (of our own process)
    return found


@contextmanager
def _no_warning() -> Iterator[None]:
    """Python warns of every fork where a library has threads, as NumPy's has; none of ours is at work."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
