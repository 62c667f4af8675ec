"""The parent's end of a measuring process: start it, ask it, notice when it hangs or dies, and say who did it."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from opbench.errors import MachineError, UsageError
from opbench.process.child import Child, Ended, Overdue, Start, spawned
from opbench.process.environment import pinned
from opbench.process.marker import Marker
from opbench.process.threads import settle

START_LIMIT_S = 120.0
"""Seconds for importing PyTorch and describing the machine; about 3 s on the slowest machine seen."""


@dataclass(frozen=True)
class Death(Exception):  # noqa: N818  (it is what happened, not a mistake in the request)
    """The process ended without an answer. `label`: the backend at work, "" when none was. `hung`: it was too late."""

    phase: str
    label: str
    reason: str
    hung: bool = False

    def __str__(self) -> str:
        return f"{self.reason} during {self.phase}"


Progress = Callable[[str, str, "float | None"], None]


class MeasuringProcess:
    """One child with pinned environment, started at once and ready after `hello`. Use as a context manager.

    clock: seconds on the axis of `time.monotonic`, from which the child's marker comes; what is late goes by it.
    variables: of its environment, besides those of this process. start: how its process is started, if not as usual.
    """

    start: Start = staticmethod(spawned)

    def __init__(
        self,
        log: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        variables: Mapping[str, str] | None = None,
        start: Start | None = None,
    ) -> None:
        self._clock = clock
        self._nonce = ""
        self._paused = False
        self._folder = tempfile.TemporaryDirectory(prefix="opbench-")
        marker = Path(self._folder.name) / "marker"
        self._marker = Marker(marker)

        def command(requests: int, answers: int) -> list[str]:
            words = str(requests), str(answers), str(marker), str(os.getpid())
            return [sys.executable, "-m", "opbench.measure.worker", *words]

        try:
            own = {**pinned_environment(), **(variables or {})}
            self._child = Child(command, own, log, start=start or self.start)
        except BaseException:
            self._marker.close()
            self._folder.cleanup()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hello(self, device: str, threads: int) -> dict[str, Any]:
        """The child's environment. Raises MachineError when the device is not there or the child cannot start."""
        self._marker.set("start")
        try:
            answer = self._ask({"hello": device, "threads": threads}, START_LIMIT_S, lambda *_: None)
        except Death as exc:
            raise MachineError(f"the measuring process did not start: {exc}") from exc
        if "error" in answer:
            raise MachineError(f"cannot measure on {device!r}: {answer['error']}")
        found: dict[str, Any] = answer["environment"]
        return found

    def define(self, path: Path) -> None:
        """Have its catalog know the operator of a file, see `Worker.define`. Raises UsageError where it cannot."""
        try:
            answer = self._ask({"define": str(path)}, START_LIMIT_S, lambda *_: None)
        except Death as exc:
            raise UsageError(f"the measuring process ended when it loaded what it is to measure: {exc}") from exc
        if "error" in answer:
            raise UsageError(f"the measuring process cannot load what it is to measure: {answer['error']}")

    def measure(self, request: dict[str, Any], time_limit_s: float, progress: Progress) -> dict[str, Any]:
        """The answer of `Worker.measure`. Raises Death when a step takes longer than the limit or the child ends."""
        self._marker.set("start")
        return self._ask(request, time_limit_s, progress)

    def begin(self, request: dict[str, Any], time_limit_s: float, progress: Progress) -> dict[str, Any]:
        """Ask as `measure` does for a case that takes turns: {"turn": ...} once it waits for one, or {"answer": ...}.

        Raises Death, as `go_on` does.
        """
        self._marker.set("start")
        self._nonce = secrets.token_hex(8)
        return self._exchange(request, time_limit_s, progress)

    def go_on(self, go: dict[str, Any], time_limit_s: float, progress: Progress) -> dict[str, Any]:
        """Let it take the turn for which it waits; what comes back is that of `begin`."""
        self._marker.set("sampling", self._marker.get().label)
        return self._exchange({"go": go}, time_limit_s, progress)

    def _ask(self, request: dict[str, Any], limit_s: float, progress: Progress) -> dict[str, Any]:
        self._nonce = secrets.token_hex(8)
        answer: dict[str, Any] = self._exchange(request, limit_s, progress)["answer"]
        return answer

    def _exchange(self, message: dict[str, Any], limit_s: float, progress: Progress) -> dict[str, Any]:
        def overdue() -> str | None:
            late = self._clock() - self._marker.get().since_s > limit_s
            return f"hung: no progress in {limit_s:g} s (--time-limit)" if late else None

        if self._paused:
            self._paused = False
            self._child.resume()
        try:
            self._child.send(message | {"nonce": self._nonce})
            while True:
                heard = self._next(overdue)
                if "answer" in heard or "turn" in heard:
                    return heard
                progress(heard["phase"], heard["label"], heard["seconds"])
        except Ended as exc:
            position = self._marker.get()
            raise Death(position.phase, position.label, str(exc), isinstance(exc, Overdue)) from None

    def _next(self, overdue: Callable[[], str | None]) -> dict[str, Any]:
        """The next message about the request. Raises Ended."""
        message = self._child.receive(overdue)
        if not isinstance(message, dict) or message.get("nonce") != self._nonce:
            self._child.kill()
            raise Ended(f"something in its process answered what was not asked: {str(message)[:60]}")
        return message

    @property
    def pid(self) -> int:
        return self._child.pid

    def pause(self) -> None:
        """Stop all of its threads until it is asked again, and return once none runs.

        To wait until they sleep by themselves would take 5 ms on an Intel Xeon, where GNU OpenMP's threads spin so
        long after their work, and five times as long as most samples.
        """
        self._child.pause()
        settle(self.pid)
        self._paused = True

    def kill(self) -> None:
        """End the child at once where it lives, from whichever thread; who asks it finds it dead, and closes it."""
        if self._child.returncode is None:
            self._child.kill()

    def close(self) -> None:
        """End the child, its own children included, and remove its files."""
        self._child.close()
        self._marker.close()
        self._folder.cleanup()


def pinned_environment() -> dict[str, str]:
    """The parent's environment, pinned, with this opbench importable wherever the child is started."""
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return pinned(os.environ) | {"PYTHONPATH": os.pathsep.join(paths)}
