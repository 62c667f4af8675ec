"""A worker of the gate that times cases instead of tests, in whichever interpreter starts it.

    python -P -m opbench.environments.case_worker FOLDER REQUESTS ANSWERS CONFIG    (a path, two descriptors, JSON)

FOLDER is where the user's files expect to be imported and run, `.` for where it is started. Requests and answers are
those of `opbench.gate.worker.protocol`; the only path of CONFIG is the file of cases. It needs no pytest, and of
opbench what a measuring process needs: see `opbench.environments.interpreter`.
"""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from opbench.environments.case_file import parameters, read_cases
from opbench.errors import MachineError, describe_exception
from opbench.gate.worker.cuda_timer import CudaTimer
from opbench.gate.worker.introspection import environment, foreign_modules
from opbench.gate.worker.protocol import Connection, WorkerConfig
from opbench.gate.worker.slices import TIMERS, taken_slice, warm_up
from opbench.gate.worker.timer import Timer
from opbench.process.fork_server import follow_parent, randomise_layout
from opbench.vocabulary.backend import Backend, Launch
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Failed, Mismatch, Outcome, Unavailable
from opbench.vocabulary.settings import Settings


@dataclass
class CaseWorker:
    """Answers one request after the other.

    cases: by name. device: `cpu` or `cuda`. threads: of the CPU. tree, foreign: see `WorkerConfig`.
    """

    cases: Mapping[str, Case]
    device: str
    threads: int
    tree: str = ""
    foreign: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    _checked: set[str] = field(default_factory=set)
    _kept: dict[str, Launch] = field(default_factory=dict)
    _launch: Launch | None = None
    _timer: Timer | None = None

    def set_up(self) -> None:
        """PyTorch as measuring processes have it; what is in the way is told by whoever asks what was collected."""
        from opbench.process.environment import set_up

        try:
            set_up(self.device, self.threads)
        except MachineError as exc:
            self.problems.append(str(exc))

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        answers: dict[str, Callable[[Any], dict[str, Any]]] = {
            "list": lambda _: self._listing(),
            "collected": lambda _: {"problems": self.problems},
            # Nothing that a fork would share.
            "modules": lambda _: {"foreign": foreign_modules(self.tree, self.foreign), "preloadable": []},
            "probe": lambda name: self._prepared(name) or _finished("passed"),
            "begin": lambda name: self._prepared(name) or self._warmed(),
            "launches": lambda _: self._warmed_by_launches(),
            "slice": self._slice,
            "finish": lambda _: self._end(),
        }
        for kind, about in request.items():
            if kind in answers:
                return answers[kind](about)
        return _refused(request)

    def _listing(self) -> dict[str, Any]:
        listed = [
            {"id": name, "name": name, "group": case.point.operator, "params": parameters(case), "digest": None}
            for name, case in self.cases.items()
        ]
        return {
            "benchmarks": listed,
            "problems": self.problems,
            "deselected": [],
            "filters": {},
            # The same PyTorch beside other packages was faster by 3 to 7 % (docs/gate.md).
            "environment": environment(self.device, self.threads) | {"packages": _packages()},
        }

    def _prepared(self, name: str) -> dict[str, Any] | None:
        """Have the case ready to be timed: None, or how it ended before. Checked the first time in this process; then
        it is prepared anew, in other memory, unless that takes a compiler each time.
        """
        from opbench import catalog
        from opbench.measure.point import PointMeasurement

        self._let_go()
        if name in self._kept:
            self._launch = self._kept[name]
            return None
        case = self.cases[name]
        measurement = PointMeasurement(case.point, (case,), Settings(), lambda *_: None)
        try:
            ready = measurement.ready(catalog.operator(case.point.operator), check=name not in self._checked)
        except MachineError as exc:
            return _finished("skipped", str(exc))
        except Exception as exc:  # noqa: BLE001  (the operator itself failed; the other cases go on)
            return _finished("error", describe_exception(exc))
        if case.label not in ready:
            return _told(measurement.outcomes[case.label])
        self._checked.add(name)
        self._launch = ready[case.label].launch
        backend = catalog.backend(case.point.operator, case.backend)
        if isinstance(backend, Backend) and backend.compiles_each_point:
            self._kept[name] = self._launch
        return None

    def _warmed(self) -> dict[str, Any]:
        timer, launch = TIMERS[self.device](), self._launch
        assert launch is not None
        self._timer = timer
        answer = self._timed(lambda: warm_up(timer, timer.prepare, launch))
        if not gc.get_freeze_count():  # what the imports left takes 0.3 s to go through
            gc.collect()
            gc.freeze()
        return answer

    def _warmed_by_launches(self) -> dict[str, Any]:
        timer, launch = self._timer, self._launch
        if launch is None or not isinstance(timer, CudaTimer):
            return _refused({"launches": {}})
        return self._timed(lambda: warm_up(timer, partial(timer.prepare, replay=False), launch))

    def _slice(self, about: Mapping[str, Any]) -> dict[str, Any]:
        timer = self._timer
        if timer is None:
            return _refused({"slice": about})
        return self._timed(lambda: {"slice": taken_slice(timer, **about)})

    def _timed(self, step: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return step()
        except Exception as exc:  # noqa: BLE001  (every failure of a backend is its outcome)
            self._let_go()
            return _finished("error", f"sampling: {describe_exception(exc)}")

    def _end(self) -> dict[str, Any]:
        self._let_go()
        return _finished("passed")

    def _let_go(self) -> None:
        self._launch = self._timer = None


def _packages() -> int:
    """How many distributions are installed."""
    return len({distribution.metadata["Name"] for distribution in metadata.distributions()})


def _refused(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"refused": f"no case is at work that could answer {sorted(request)}"}


def _told(outcome: Outcome) -> dict[str, Any]:
    """Of a case that is not timed, in the gate's words."""
    match outcome:
        case Unavailable(reason):
            return _finished("skipped", f"unavailable: {reason}")
        case Mismatch(check):
            misses = f"wrong: {check.misses} of {check.elements} elements outside the tolerance"
            return _finished("invalid", f"{misses}; {check.detail}" if check.detail else misses)
        case Failed(phase, reason):
            return _finished("failed", f"failed in {phase}: {reason}")
        case _:
            raise AssertionError(f"{outcome} is no outcome of a case that was not timed")


def _finished(outcome: str, message: str = "") -> dict[str, Any]:
    return {"finished": {"outcome": outcome, "message": message}, "called": outcome == "passed"}


def main(folder: str, requests: int, answers: int, config_json: str) -> None:
    """Answer requests until there are no more."""
    follow_parent()
    os.chdir(folder)
    sys.path.append(folder)
    connection, config = Connection(requests, answers), WorkerConfig.from_json(config_json)
    cases = read_cases(Path(config.paths[0]))
    worker = CaseWorker(cases, config.device, config.threads, config.tree, config.foreign)
    worker.set_up()
    # Two environments import unequally much: without it, that would place all that one side allocates later elsewhere.
    randomise_layout(random.SystemRandom())
    while (request := connection.receive()) is not None:
        connection.send(worker.answer(request))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
