"""The parent's end of a measuring process: start it, ask it, notice when it hangs or dies, and say who did it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from opbench.environment import PINNED
from opbench.errors import MachineError
from opbench.marker import Marker

START_LIMIT_S = 120.0
"""Seconds for importing PyTorch and describing the machine; about 3 s on the slowest machine seen."""

POLL_S = 0.5


@dataclass(frozen=True)
class Death(Exception):  # noqa: N818  (it is what happened, not a mistake in the request)
    """The process ended without an answer. `label` is the backend at work, "" when none was."""

    phase: str
    label: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} during {self.phase}"


Progress = Callable[[str, str, "float | None"], None]


class MeasuringProcess:
    """One child with pinned environment, started at once and ready after `hello`. Use as a context manager."""

    def __init__(self, log: TextIO | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="opbench-")
        marker = Path(self._folder.name) / "marker"
        self._marker = Marker(marker)
        requests_read, requests_write = os.pipe()
        answers_read, answers_write = os.pipe()
        words = [str(requests_read), str(answers_write), str(marker)]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "opbench.worker", *words],
            pass_fds=(requests_read, answers_write),
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=log or subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        os.close(requests_read)
        os.close(answers_write)
        self._requests = os.fdopen(requests_write, "w", encoding="utf-8")
        self._answers = answers_read
        self._buffer = b""

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

    def measure(self, request: dict[str, Any], time_limit_s: float, progress: Progress) -> dict[str, Any]:
        """The answer of `Worker.measure`. Raises Death when a step takes longer than the limit or the child ends."""
        self._marker.set("start")
        return self._ask(request, time_limit_s, progress)

    def _ask(self, request: dict[str, Any], limit_s: float, progress: Progress) -> dict[str, Any]:
        try:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        except OSError:
            raise self._death(self._how_it_ended()) from None
        while True:
            message = json.loads(self._read_line(limit_s))
            if "answer" in message:
                answer: dict[str, Any] = message["answer"]
                return answer
            progress(message["phase"], message["label"], message["seconds"])

    def _read_line(self, limit_s: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(timeout=POLL_S):
                    if self._child.poll() is not None:  # its own children may hold the pipe open
                        raise self._death(self._how_it_ended())
                    self._refuse_to_wait(limit_s)
                    continue
                chunk = os.read(self._answers, 1 << 20)
                if not chunk:
                    raise self._death(self._how_it_ended())
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _refuse_to_wait(self, limit_s: float) -> None:
        if time.monotonic() - self._marker.get().since_s > limit_s:
            self._kill()
            raise self._death(f"hung: no progress in {limit_s:g} s (--time-limit)")

    def _death(self, reason: str) -> Death:
        position = self._marker.get()
        return Death(position.phase, position.label, reason)

    def _how_it_ended(self) -> str:
        code = self._child.wait()
        if code >= 0:
            return f"its process exited with code {code}"
        name = signal.Signals(-code).name
        hint = " (out of memory, when nobody else sent it)" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # the group may outlive its leader, and the other way round
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def close(self) -> None:
        """End the child, its own children included, and remove its files."""
        self._kill()
        os.close(self._answers)
        with contextlib.suppress(OSError):  # a request that the dead child never read
            self._requests.close()
        self._marker.close()
        self._folder.cleanup()


def _environment() -> dict[str, str]:
    """The parent's environment, pinned, with this opbench importable wherever the child is started."""
    root = str(Path(__file__).parent.parent)
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | PINNED | {"PYTHONPATH": os.pathsep.join(paths)}
