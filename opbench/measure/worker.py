"""The measuring process: reads one request a line, answers with one line, and may die without harm.

    python -m opbench.measure.worker REQUESTS ANSWERS MARKER PARENT    (two inherited file descriptors, a path, an id)
    python -m opbench.measure.worker --fork SOCKET MODULE...           (a server that forks these)

Requests and answers are JSON. Standard output and error stay with the libraries, which like to print there; the
parent sends both to a log file.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from opbench.errors import MachineError, describe_exception
from opbench.measure.turns import Turns
from opbench.process import fork_server, forking
from opbench.process.garbage import import_set_apart
from opbench.process.marker import Marker
from opbench.store.codec import outcome_to_json, parts_to_json, point_from_json
from opbench.vocabulary.case import Case, Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Failed, Outcome, Unavailable
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.work import Part

REPORT_EVERY_S = 0.5


class Worker:
    """Answers requests until its input ends. start: how this process came to be, where its environment is to say so."""

    def __init__(self, requests: TextIO, answers: TextIO, marker: Marker, start: str = "") -> None:
        self._start = {"start": start} if start else {}
        self._requests, self._answers, self._marker = requests, answers, marker
        self._reported = 0.0
        self._nonce = ""

    def serve(self) -> Iterator[None]:
        """Answer one request after the other; what is to be done in between, whoever iterates does."""
        while line := self._requests.readline():
            request = json.loads(line)
            self._nonce = request["nonce"]
            if "hello" in request:
                self._send({"answer": self.hello(request["hello"], request["threads"])})
            elif "define" in request:
                self._send({"answer": self.define(Path(request["define"]))})
            elif "ahead" in request:
                self._send({"answer": self.prepare(request)})
            else:
                self._send({"answer": self.measure(request)})
                yield

    def hello(self, device: str, threads: int) -> dict[str, Any]:
        """The environment, or why the device cannot be used."""
        from opbench.process.environment import describe, set_up

        try:
            set_up(device, threads)
        except MachineError as exc:
            return {"error": str(exc)}
        return {"environment": describe(device) | self._start}

    def define(self, path: Path) -> dict[str, Any]:
        """Have this process's catalog know a user's own operator, or why it cannot.

        path: of a file that holds where modules are found, and then what has the operator (`opbench.custom.pickling`).
        """
        from opbench import catalog

        try:
            with path.open("rb") as file:
                sys.path.extend(one for one in pickle.load(file) if one not in sys.path)  # noqa: S301  (ours)
                catalog.define(pickle.load(file).operator())  # noqa: S301
        except Exception as exc:  # noqa: BLE001  (whatever importing a user's modules raises)
            return {"error": describe_exception(exc)}
        return {}

    def measure(self, request: dict[str, Any]) -> dict[str, Any]:
        from opbench import catalog
        from opbench.measure.point import PointMeasurement

        point = point_from_json(request["point"])
        cases = [Case(point, backend, replica) for backend, replica in request["cases"]]
        settings = Settings(**request["settings"])
        self._marker.set("inputs")
        operator = catalog.operator(point.operator)
        work, sizes = None, {}
        parts: tuple[Part, ...] = ()
        turns = Turns(self._exchange, **request["turns"]) if request.get("turns") else None
        measurement = PointMeasurement(point, cases, settings, self._announce, turns)
        try:
            work, sizes = operator.work(point), dict(operator.sizes(point.axes))
            parts = operator.parts(point.axes)
            outcomes = measurement.run(operator, work)
        except Exception as exc:  # noqa: BLE001  (the operator itself failed; the run goes on)
            outcomes = measurement.outcomes
            told = operator_outcome(exc)
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
        from opbench.vocabulary.backend import Backend

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
        from opbench.counting.count import count

        self._marker.set("count")
        meta = replace(point, device="meta")
        try:
            return dict(count(operator.eager(meta), operator.inputs(meta)))
        except Exception as exc:  # noqa: BLE001  (whatever it is, the measurement is done and stands)
            return dict.fromkeys(("fvcore", "torch"), describe_exception(exc))

    def _announce(self, phase: str, label: str, seconds: float | None) -> None:
        self._marker.set(phase, label)
        now = perf_counter()
        if now - self._reported >= REPORT_EVERY_S:
            self._reported = now
            self._send({"phase": phase, "label": label, "seconds": seconds})

    def _exchange(self, turn: dict[str, Any]) -> dict[str, Any]:
        """Tell the parent of a turn, and wait for the next one. Raises EOFError when the parent is gone."""
        self._send({"turn": turn})
        line = self._requests.readline()
        if not line:
            raise EOFError("the parent has closed its requests")
        go: dict[str, Any] = json.loads(line)["go"]
        return go

    def _send(self, answer: dict[str, Any]) -> None:
        """With the nonce of the request, so that nothing else is taken for an answer to it."""
        self._answers.write(json.dumps(answer | {"nonce": self._nonce}) + "\n")
        self._answers.flush()


def operator_outcome(exc: Exception) -> Outcome:
    """The outcome of all backends where the operator raised: what the machine lacks is no failure."""
    if isinstance(exc, MachineError):
        return Unavailable(str(exc))
    return Failed("work, inputs or reference", describe_exception(exc))


def _keep_to_itself(*fds: int) -> None:
    """Programs that a backend starts do not get the pipes, and neither do its forks of this interpreter."""
    for fd in fds:
        os.set_inheritable(fd, False)
    nothing = os.open(os.devnull, os.O_RDWR)

    def replace_pipes() -> None:
        for fd in fds:
            os.dup2(nothing, fd, inheritable=False)

    os.register_at_fork(after_in_child=replace_pipes)


def forked(requests_fd: int, answers_fd: int, argument: str) -> None:
    """As `main`, in a fork of a server. argument: of `opbench.process.forking`.

    Python draws its random numbers anew in a fork; NumPy's generator would be where the server's is.
    """
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    main(requests_fd, answers_fd, *forking.forked_at(argument), start="forked")


def main(requests_fd: int, answers_fd: int, marker: Path, parent: int, start: str = "") -> None:
    """Serve the process with the id `parent` until it closes its requests or ends."""
    fork_server.follow_parent()
    _keep_to_itself(requests_fd, answers_fd)
    if os.getppid() != parent:  # it ended before, and its first request would be answered seconds later
        return
    with (
        os.fdopen(requests_fd, encoding="utf-8") as requests,
        os.fdopen(answers_fd, "w", encoding="utf-8") as out,
    ):
        if not start:  # a fork has what its server imported
            import_set_apart("torch")
        for number, _ in enumerate(Worker(requests, out, Marker(marker), start).serve()):
            if not number and not start:
                # Every point begins with a full collection, which takes 0.29 s through what the libraries have
                # imported by now, and nothing once that is set apart.
                gc.collect()
                gc.freeze()


if __name__ == "__main__":
    if sys.argv[1] == "--fork":
        fork_server.serve(int(sys.argv[2]), sys.argv[3:], forked, alone=True)
    else:
        main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
