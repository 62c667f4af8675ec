"""Compiling ahead of a run: several processes prepare points and throw away what they prepared, before any clock runs.

What they compile stays in the caches of its compilers, where the measuring process finds it. That one is alone and
compiles one thing after the other; these share out the cores. Whatever goes wrong here goes wrong again where it is
measured, and is told there.
"""

from __future__ import annotations

import contextlib
import os
import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TextIO

from opbench import catalog
from opbench.cache import cache_folder, content_digest
from opbench.errors import MachineError
from opbench.planning.plan import Task
from opbench.process.measuring_process import Death, MeasuringProcess
from opbench.store.codec import point_to_json
from opbench.vocabulary.backend import Backend, Preparing
from opbench.vocabulary.case import Case
from opbench.vocabulary.settings import Settings

MODES = frozenset({"forward", "backward"})
"""In mode `out` a launch needs the output it is checked in; what it compiles is that of `forward` mostly."""

FEWEST = 2
"""Points worth a second process, which takes three seconds to start."""

MOST = 1000
"""Points of a run that are compiled ahead; those of a larger one are compiled each in its turn. At 3 s each, these
take 25 min on two cores, before the first figure."""


@dataclass(frozen=True)
class Ahead:
    """What is worth preparing ahead: of every point the cases that compile."""

    tasks: tuple[Task, ...]

    @classmethod
    def of(cls, tasks: Iterable[Task], known: KnownCosts | None = None) -> Ahead:
        begun: set[str] = set()
        asked = known or KnownCosts()
        found = [replace(task, cases=cases) for task in tasks if (cases := tuple(_worth_it(task, begun, asked)))]
        return cls(tuple(found) if len(found) >= FEWEST else ())

    def prepare(self, device: str, settings: Settings, log: TextIO | None, told: Callable[[str], None]) -> None:
        """Prepare all of them in as many processes as there are cores, or fewer where there is less to do."""
        waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
        for task in self.tasks:
            waiting.put(task)
        count = min(os.cpu_count() or 1, len(self.tasks))
        told(f"compiling ahead for {len(self.tasks)} points in {count} processes")
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda _: _work_off(waiting, device, settings, log), range(count)))


class KnownCosts:
    """`costs` of many cases, asked once for every backend, device, dtype and mode.

    Finding a backend lists its folder, and whether its library is built is a hash over all of its sources: for the 640
    cases of a grid 0.1 s instead of 4.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, ...], Preparing | None] = {}

    def __call__(self, case: Case) -> Preparing | None:
        point = case.point
        key = (point.operator, case.backend, point.device, point.dtype, point.mode)
        if key not in self._told:
            self._told[key] = costs(case)
        return self._told[key]


def costs(case: Case) -> Preparing | None:
    """What preparing a case takes; None for a backend that cannot run here at all."""
    found = catalog.backend(case.point.operator, case.backend)
    if not isinstance(found, Backend) or found.refusal(case.point) or found.simulated(case.point.device):
        return None
    return found.preparing()


def _worth_it(task: Task, begun: set[str], costs: KnownCosts) -> Iterator[Case]:
    """Cases that compile something of their own, and of a backend that is only built the first; `begun`: those."""
    if task.skip is not None or task.point.device != "cpu" or task.point.mode not in MODES:
        return
    for case in task.cases:
        found, name = costs(case), case.backend.partition(":")[0]
        if found is None or not found.ahead or done(case):
            continue
        if found.each_s > 0 or (found.first_s > 0 and name not in begun):
            begun.add(name)
            yield case


def done(case: Case) -> bool:
    """Whether the case was prepared on this machine since it started: its compiler's cache has it, or had."""
    return _mark(case).exists()


def _mark(case: Case) -> Path:
    """An empty file in the cache folder. What is compiled goes by the versions of the compilers, and by where they keep
    it.
    """
    parts = [case.key, *_compilers(), os.environ.get("TORCHINDUCTOR_CACHE_DIR", "")]
    return cache_folder() / "ahead" / content_digest(parts)


@lru_cache(maxsize=1)
def _compilers() -> tuple[str, str]:
    """PyTorch's version, and since when the machine runs."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return metadata.version("torch"), boot


def _mark_done(case: Case) -> None:
    with contextlib.suppress(OSError):  # then it is prepared ahead once more next time
        _mark(case).parent.mkdir(parents=True, exist_ok=True)
        _mark(case).touch()


def _work_off(waiting: queue.SimpleQueue[Task], device: str, settings: Settings, log: TextIO | None) -> None:
    try:
        with MeasuringProcess(log) as process:
            process.hello(device, settings.threads)
            while not waiting.empty():
                task = waiting.get_nowait()
                names = [case.backend for case in task.cases]
                request = {"ahead": point_to_json(task.point), "backends": names}
                process.measure(request, settings.time_limit_s, lambda *_: None)
                for case in task.cases:
                    _mark_done(case)
    except (Death, MachineError, queue.Empty):  # it will happen again where it is measured, and be told there
        return
