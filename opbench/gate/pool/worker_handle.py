"""The gate's end of one worker: start it, ask it, notice when it crashes or hangs."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.sampling_plan import SamplingPlan
from opbench.gate.samples import Side, Slice
from opbench.gate.source.environments import Checkout
from opbench.gate.worker.protocol import WorkerConfig
from opbench.process.child import Child, Ended, Start, close_all, spawned


class WorkerCrashError(Exception):
    """The worker ended or was killed without an answer; the text says how, in one line."""


class RequestRefusedError(Exception):
    """The worker cannot do what was asked, and says why: no pytest, nothing collected, no benchmark at work."""


class UsageRefusedError(RequestRefusedError):
    """There are no such tests to collect as were asked for: no such path, no such expression."""


class WorkerHandle:
    """One worker process of one side, started at once. `close` it in any case.

    number: unique in a run.
    start: how its process is started.
    clock: in seconds, by which an answer is late.
    """

    def __init__(
        self,
        number: int,
        side: Side,
        checkouts: Mapping[Side, Checkout],
        launch: LaunchConfig,
        start: Start = spawned,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number, self.side = number, side
        self._clock = clock
        self.at_work = False
        """Whether a benchmark is at work in it, waiting for slices."""
        self.crashed = False
        """Whether it has been seen to have ended, or was killed for hanging."""
        self._limit_s = launch.time_limit_s
        self._folder = tempfile.TemporaryDirectory(prefix="opbench-gate-")
        self._log = Path(self._folder.name) / "log"
        checkout = checkouts[side]
        config = WorkerConfig(
            tree=str(checkout.tree.absolute()),
            paths=launch.paths,
            keyword=launch.keyword,
            device=launch.device,
            threads=launch.threads,
            foreign=(str(launch.root), *(str(other.tree) for name, other in checkouts.items() if name != side)),
            scratch=self._folder.name,
            log=str(self._log),
        )

        def command(requests: int, answers: int) -> list[str]:
            return [*launch.command(checkout.python), str(requests), str(answers), config.to_json()]

        try:
            with self._log.open("w", encoding="utf-8") as log:
                self.child = Child(command, launch.environment(side, checkout), log, checkout.tree, start)
        except BaseException:
            self._folder.cleanup()
            raise

    def __str__(self) -> str:
        return f"{self.side}, worker {self.number}"

    @property
    def pid(self) -> int:
        return self.child.pid

    def send(self, request: dict[str, Any]) -> None:
        """Raises WorkerCrashError."""
        try:
            self.child.send(request)
        except Ended as exc:
            raise self._crash(exc) from None

    def receive(self) -> dict[str, Any]:
        """The answer to the oldest request unanswered.

        Raises WorkerCrashError, after the time limit too; RequestRefusedError.
        """
        deadline = self._clock() + self._limit_s

        def overdue() -> str | None:
            return f"hung: no answer in {self._limit_s:g} s (--time-limit)" if self._clock() > deadline else None

        try:
            answer: dict[str, Any] = self.child.receive(overdue)
        except Ended as exc:
            raise self._crash(exc) from None
        if "ready" in answer:
            self.at_work = True
        if "finished" in answer:
            self.at_work = False
        if "refused" in answer:
            raise (UsageRefusedError if answer.get("usage_error") else RequestRefusedError)(answer["refused"])
        return answer

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises WorkerCrashError, RequestRefusedError."""
        self.send(request)
        return self.receive()

    def take_slice(self, plan: SamplingPlan, number: int, order: int, core: int | None) -> Slice | dict[str, str]:
        """One turn in that round and place, on that core; or the test's outcome, where it finished in it.

        Raises WorkerCrashError, RequestRefusedError.
        """
        answer = self.ask({"slice": asdict(plan) | {"round": number, "order": order, "core": core}})
        if "finished" in answer:
            outcome: dict[str, str] = answer["finished"]
            return outcome
        fields = answer["slice"]
        return Slice(worker=self.number, **fields | {"samples_s": tuple(fields["samples_s"])})

    def memory_bytes(self) -> int:
        """What this process alone takes, 0 where it is gone: shared libraries are there once for all workers."""
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_full_info().uss)
        except psutil.NoSuchProcess:
            return 0

    def close(self) -> None:
        """End it and all it started, and remove its files."""
        end([self])

    def remove_files(self) -> None:
        self._folder.cleanup()

    def _crash(self, exc: Ended) -> WorkerCrashError:
        """With the last fatal line it printed, where there is one: a fault handler's, a library's last words."""
        self.at_work, self.crashed = False, True
        reason = str(exc)
        if sys.platform == "linux" and reason.startswith("its process"):
            lines = [line.strip() for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines()]
            fatal = [line for line in lines if line.startswith(("Fatal", "terminate called", "CUDA error"))]
            reason += f" ({fatal[-1][:160]})" if fatal else ""
        return WorkerCrashError(reason)


def end(workers: Collection[WorkerHandle]) -> None:
    """Close each of them, together."""
    close_all([worker.child for worker in workers])
    for worker in workers:
        worker.remove_files()
