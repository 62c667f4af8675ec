"""A sweep measured by several workers: what `Runner.go` does with one device."""

from __future__ import annotations

import time
from collections.abc import Sequence

from opbench.cli.progress import Reporter
from opbench.planning.plan import Plan, Task
from opbench.planning.remaining import Left, remaining
from opbench.running.workers.pool import spread
from opbench.running.workers.worker import Worker
from opbench.store.journal import Journal
from opbench.vocabulary.record import Record


def measure_with(
    workers: Sequence[Worker], tasks: Plan | Sequence[Task], left: Left, journal: Journal, reporter: Reporter
) -> list[Task]:
    """Measure every case that has no record, appending each task's records as soon as it is over; the tasks that were
    left because their workers died.

    left: what `overview` says of the tasks. Raises MachineError when no device is there any more, the disk is full or
    another run writes these records.
    """
    started = time.monotonic()
    reporter.start(left.total, left.total - left.cases)

    def keep(records: Sequence[Record]) -> None:
        journal.append(records)
        for record in records:
            reporter.finished(record)

    found = spread(remaining(tasks, frozenset(journal.keys)), workers, keep, reporter.note)
    names = ", ".join(worker.name for worker in workers)
    reporter.note(f"wall time {time.monotonic() - started:.1f} s on {names}")
    return found
