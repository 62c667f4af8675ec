"""Whether anything else had the processors while samples were taken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from opbench.measure.contention import SWITCH, Machine, Use, disturbance, ignored
from opbench.measure.timing.clocks import is_wall
from opbench.measure.timing.run_delay import RunDelay, run_delay


@dataclass
class Watch:
    """delay: seconds that our threads have stood in line so far. relieve: what can be done where they do.

    use: the counters as they are now.
    disturbed: what else ran, once it is over, or "".
    """

    delay: Callable[[], float]
    disturbed: str = ""
    relieve: Callable[[], None] = lambda: None
    use: Callable[[], Use | None] = lambda: None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What ran until now disturbed nothing."""
        self.before = self.use()


@contextmanager
def watched(clock: str, rivals_s: Callable[[], float] | None = None) -> Iterator[Watch]:
    """Watches for as long as the block lasts, and nothing where a device's own clock does not see the processors.

    rivals_s: processor time of the parent and its other children, where they take turns with this process.
    """
    if not is_wall(clock):
        yield Watch(lambda: 0.0)
        return
    if ignored():
        yield Watch(lambda: 0.0, f"not watched ({SWITCH}=ignore)")
        return
    machine, delay = Machine.here(rivals_s or (lambda: 0.0)), run_delay()
    watch = Watch(delay, use=machine.use)
    if isinstance(delay, RunDelay):
        watch.relieve = partial(delay.spread, machine.cpus)
    try:
        yield watch
        watch.disturbed = disturbance(watch.before, machine.use(), len(machine.cpus))
        if watch.disturbed and (names := machine.busiest(family=os.getppid() if rivals_s else None)):
            watch.disturbed += f": {', '.join(names)}"
    finally:
        if isinstance(delay, RunDelay):
            delay.close()
