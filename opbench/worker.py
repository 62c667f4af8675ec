"""The measuring process: reads one request a line, answers with one line, and may die without harm.

    python -m opbench.worker REQUESTS ANSWERS MARKER    (two inherited file descriptors and a path)

Requests and answers are JSON. Standard output and error stay with the libraries, which like to print there; the
parent sends both to a log file.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TextIO

from opbench.case import Case
from opbench.codec import outcome_to_json, parts_to_json, point_from_json
from opbench.errors import MachineError
from opbench.marker import Marker
from opbench.record import Failed, Outcome, Unavailable
from opbench.settings import Settings

if TYPE_CHECKING:
    from opbench.case import Point
    from opbench.operator import Operator, Part

REPORT_EVERY_S = 0.5
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h


class Worker:
    """Answers requests until its input ends."""

    def __init__(self, answers: TextIO, marker: Marker) -> None:
        self._answers, self._marker = answers, marker
        self._reported = 0.0
        self.number = 0

    def hello(self, device: str, threads: int) -> dict[str, Any]:
        """The environment, or why the device cannot be used."""
        from opbench.environment import describe, set_up

        try:
            set_up(device, threads)
        except MachineError as exc:
            return {"error": str(exc)}
        return {"environment": describe(device)}

    def measure(self, request: dict[str, Any]) -> dict[str, Any]:
        from opbench import catalog
        from opbench.measuring import PointMeasurement

        point = point_from_json(request["point"])
        cases = [Case(point, backend, replica) for backend, replica in request["cases"]]
        settings = Settings(**request["settings"])
        self._marker.set("inputs")
        operator = catalog.operator(point.operator)
        work, sizes = None, {}
        parts: tuple[Part, ...] = ()
        measurement = PointMeasurement(point, cases, settings, self._announce)
        try:
            work, sizes = operator.work(point), dict(operator.sizes(point.axes))
            parts = operator.parts(point.axes)
            outcomes = measurement.run(operator, work)
        except Exception as exc:  # noqa: BLE001  (the operator itself failed; the run goes on)
            outcomes = measurement.outcomes
            told = _told(exc)
            outcomes |= {case.label: told for case in cases if case.label not in outcomes}
        return {
            "outcomes": {label: outcome_to_json(outcome) for label, outcome in outcomes.items()},
            "work": None if work is None else asdict(work),
            "sizes": sizes,
            "parts": parts_to_json(parts),
            "counts": self._counts(operator, point) if request["count"] and point.mode != "backward" else {},
        }

    def prepare(self, request: dict[str, Any]) -> dict[str, Any]:
        """Prepare the backends of a point and let go of what they prepared: their compilers' caches have it then."""
        from opbench import catalog
        from opbench.backend import Backend

        point = point_from_json(request["ahead"])
        inputs = catalog.operator(point.operator).inputs(point)
        for name in request["backends"]:
            self._announce("prepare", name, None)
            found = catalog.backend(point.operator, name)
            if isinstance(found, Backend):
                with contextlib.suppress(Exception):  # it is prepared once more before it is measured, and told then
                    found.prepare(point, inputs, None, name.partition(":")[2])
        return {}

    def _counts(self, operator: Operator, point: Point) -> dict[str, Any]:
        """What fvcore and PyTorch count for the point, on meta tensors, or why they cannot. Never costs a latency."""
        from opbench.counting import count
        from opbench.measuring import describe

        self._marker.set("count")
        meta = replace(point, device="meta")
        try:
            return dict(count(operator.eager(meta), operator.inputs(meta)))
        except Exception as exc:  # noqa: BLE001  (whatever it is, the measurement is done and stands)
            return dict.fromkeys(("fvcore", "torch"), describe(exc))

    def _announce(self, phase: str, label: str, seconds: float | None) -> None:
        self._marker.set(phase, label)
        now = perf_counter()
        if now - self._reported >= REPORT_EVERY_S:
            self._reported = now
            self.send({"phase": phase, "label": label, "seconds": seconds})

    def send(self, answer: dict[str, Any]) -> None:
        """With the number of the request, so that no answer is taken for that to another."""
        self._answers.write(json.dumps(answer | {"number": self.number}) + "\n")
        self._answers.flush()


def _told(exc: Exception) -> Outcome:
    """The outcome of all backends where the operator raised: what the machine lacks is no failure."""
    from opbench.measuring import describe

    if isinstance(exc, MachineError):
        return Unavailable(str(exc))
    return Failed("work, inputs or reference", describe(exc))


def main(requests_fd: int, answers_fd: int, marker: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    with (
        os.fdopen(requests_fd, encoding="utf-8") as requests,
        os.fdopen(answers_fd, "w", encoding="utf-8") as out,
    ):
        worker = Worker(out, Marker(marker))
        for line in requests:
            request = json.loads(line)
            worker.number = request["number"]
            if "hello" in request:
                worker.send({"answer": worker.hello(request["hello"], request["threads"])})
            elif "ahead" in request:
                worker.send({"answer": worker.prepare(request)})
            else:
                worker.send({"answer": worker.measure(request)})
                if not gc.get_freeze_count():
                    # Every point begins with a full collection, which takes 0.29 s through what the libraries have
                    # imported by now, and nothing once that is set apart.
                    gc.collect()
                    gc.freeze()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
