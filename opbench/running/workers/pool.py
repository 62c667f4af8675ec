"""Tasks spread over workers, a task at a time each; only who called writes what they find.

The next task goes to whichever worker is free, so that devices of different speed end together. A task whose worker
died is tried once more, by whoever is free; after that it is left, and `--resume` measures it: it was not the task that
failed, since what a backend kills is its own process and its own record. A worker that can measure no more is left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue

from opbench.errors import MachineError
from opbench.planning.plan import Task
from opbench.running.workers.worker import Worker, WorkerDiedError
from opbench.vocabulary.record import Record

Keep = Callable[[Sequence[Record]], None]
Answer = tuple[Worker, Task, "Future[list[Record]]"]


def spread(
    tasks: Iterable[Task],
    workers: Sequence[Worker],
    keep: Keep,
    tell: Callable[[str], None],
    executor: Callable[[int], Executor] = ThreadPoolExecutor,
) -> list[Task]:
    """Have every task measured, and the records of each kept as they come; the tasks that were left.

    keep: called by the thread that called this one, as is `tell`. executor: of so many threads.
    Raises MachineError where no worker can measure any more, and what `keep` raises; whatever is raised, no worker
    measures on when it is.
    """
    with _stopped(workers), executor(len(workers)) as threads, _hurried(workers):
        return _Spread(iter(tasks), list(workers), keep, tell, threads).run()


@contextmanager
def _stopped(workers: Sequence[Worker]) -> Iterator[None]:
    try:
        yield
    finally:
        for worker in workers:
            worker.close()


@contextmanager
def _hurried(workers: Sequence[Worker]) -> Iterator[None]:
    """The executor would wait for what is being measured; where something was raised, nobody wants that any more."""
    try:
        yield
    except BaseException:
        for worker in workers:
            worker.stop()
        raise


class _Spread:
    """tried: keys of the points whose worker died once."""

    def __init__(
        self, tasks: Iterator[Task], idle: list[Worker], keep: Keep, tell: Callable[[str], None], threads: Executor
    ) -> None:
        self._tasks, self._idle, self._keep, self._tell, self._threads = tasks, idle, keep, tell, threads
        self._again: deque[Task] = deque()
        self._tried: set[str] = set()
        self._left: list[Task] = []
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._busy = 0

    def run(self) -> list[Task]:
        self._hand_out()
        while self._busy:
            worker, task, future = self._answers.get()
            self._busy -= 1
            self._take(worker, task, future)
            self._hand_out()
        return self._left

    def _hand_out(self) -> None:
        while self._idle and (task := self._next()) is not None:
            worker = self._idle.pop(0)
            future = self._threads.submit(worker.measure, task)
            self._busy += 1
            future.add_done_callback(partial(self._heard, worker, task))

    def _heard(self, worker: Worker, task: Task, future: Future[list[Record]]) -> None:
        self._answers.put((worker, task, future))

    def _next(self) -> Task | None:
        return self._again.popleft() if self._again else next(self._tasks, None)

    def _take(self, worker: Worker, task: Task, future: Future[list[Record]]) -> None:
        try:
            records = future.result()
        except WorkerDiedError as exc:
            self._idle.append(worker)
            self._died(worker, task, exc)
        except MachineError as exc:
            self._again.append(task)
            if not self._idle and not self._busy:
                raise
            self._tell(f"{worker.name} measures no more: {exc}")
        else:
            self._idle.append(worker)
            self._keep(records)

    def _died(self, worker: Worker, task: Task, exc: WorkerDiedError) -> None:
        if task.point.key in self._tried:
            self._left.append(task)
            self._tell(f"{task.point}: {exc} on {worker.name}, for the second time; --resume measures it")
            return
        self._tried.add(task.point.key)
        self._again.append(task)
        self._tell(f"{task.point}: {exc} on {worker.name}; it is measured again")
