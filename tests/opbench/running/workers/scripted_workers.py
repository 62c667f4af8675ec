"""Workers that answer from a script, and threads that are none: what a pool does is then the same every time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from opbench.planning.plan import Task
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record
from tests.answering import figure


def task(number: int) -> Task:
    point = Point("op", Axes({"n": number}))
    return Task(point, (Case(point, "a"), Case(point, "b")))


def records(asked: Task, device: str = "") -> list[Record]:
    return [Record(case, figure(case, device), {"device": "cpu"}, "abc", "now") for case in asked.cases]


class InTurn(Executor):
    """Does what it is given at once, in this thread."""

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **named))
        except BaseException as exc:  # noqa: BLE001  (as a thread of a pool does)
            future.set_exception(exc)
        return future


class Scripted:
    """Raises what is next in its script, and answers where that is None or the script is over.

    asked: numbers of the tasks, in order. stopped, closed: how often it was.
    """

    def __init__(self, name: str = "one", script: list[Exception | None] | None = None) -> None:
        self.name, self.script = name, script or []
        self.asked: list[int] = []
        self.stopped = self.closed = 0

    def measure(self, asked: Task) -> list[Record]:
        self.asked.append(asked.point.axes["n"])
        if self.script and (raised := self.script.pop(0)) is not None:
            raise raised
        return records(asked, self.name)

    def stop(self) -> None:
        self.stopped += 1

    def close(self) -> None:
        self.closed += 1
