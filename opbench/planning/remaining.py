"""What of a plan is still to be measured: the tasks one by one, how many there are, and some to reckon by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from opbench.planning.plan import SOME, Plan, Task


@dataclass(frozen=True)
class Left:
    """What of some tasks is still to be measured: `cases` of `total`, in so many tasks, and up to 2 * SOME of these,
    evenly taken.
    """

    total: int
    cases: int
    tasks: int
    some: tuple[Task, ...]


def remaining(tasks: Plan | Sequence[Task], done: AbstractSet[str]) -> Iterator[Task]:
    """The tasks with a case that is not done, without those that are."""
    if isinstance(tasks, Plan):
        return tasks.left(done)
    return (kept for task in tasks if (kept := without(task, done)).cases)


def without(task: Task, done: AbstractSet[str]) -> Task:
    """The task without the cases that are done."""
    return replace(task, cases=tuple(case for case in task.cases if case.key not in done))


def overview(tasks: Plan | Sequence[Task], done: AbstractSet[str]) -> Left:
    """How much is left: of a plan of which nothing is done by arithmetic, else by going through it."""
    if isinstance(tasks, Plan):
        total = tasks.cases
        if not done:
            return Left(total, total, len(tasks), tuple(tasks.some()))
    else:
        total = sum(len(task.cases) for task in tasks)
    return _gone_through(remaining(tasks, done), total)


def _gone_through(tasks: Iterable[Task], total: int) -> Left:
    """Every stride-th task is taken, and the stride doubled where they become too many."""
    some: list[Task] = []
    cases, number, stride = 0, -1, 1
    for number, task in enumerate(tasks):
        cases += len(task.cases)
        if number % stride == 0:
            some.append(task)
        if len(some) > 2 * SOME:
            some, stride = some[::2], 2 * stride
    return Left(total, cases, number + 1, tuple(some))
