"""A child process that is asked in JSON lines, over pipes of its own: start it, write, read, notice its end, kill it.

What hangs, how long is too long and what a death means is for the callers to say; this file only keeps the child's
pipes in order, whatever the child does to them.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from opbench.process.descendants import VARIABLE, end_marked, new_mark

POLL_S = 0.5

END_LIMIT_S = 10.0
"""Seconds from a child's closing its answers to its end. One that lives on without them is of no more use."""


class Ended(Exception):  # noqa: N818  (it is what happened, not a mistake in the request)
    """The child ended, or was killed because it was overdue; the text says how."""


class Overdue(Ended):
    """It was killed because it was overdue."""


class Process(Protocol):
    """What a child is known by: of `subprocess.Popen`, as much as is needed here."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Start(Protocol):
    """Starts a process in a session of its own that inherits these two file descriptors, of requests and of answers."""

    def __call__(
        self,
        words: Sequence[str],
        fds: tuple[int, int],
        environment: Mapping[str, str],
        log: TextIO | None,
        folder: Path | None,
    ) -> Process: ...


def spawned(
    words: Sequence[str],
    fds: tuple[int, int],
    environment: Mapping[str, str],
    log: TextIO | None,
    folder: Path | None,
) -> Process:
    """A process started from its words, as usual."""
    return subprocess.Popen(
        words,
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        stdout=log or subprocess.DEVNULL,
        stderr=log or subprocess.DEVNULL,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )


class Child:
    """A process group of its own, ended by `close` with everything it started.

    command: given the two inherited file descriptors, of requests and of answers, the words that start the child.
    """

    def __init__(
        self,
        command: Callable[[int, int], Sequence[str]],
        environment: Mapping[str, str],
        log: TextIO | None = None,
        folder: Path | None = None,
        start: Start = spawned,
    ) -> None:
        requests_read, requests_write = os.pipe()
        answers_read, answers_write = os.pipe()
        fds = (requests_read, answers_write)
        self.mark = new_mark()
        try:
            self._process = start(command(*fds), fds, {**environment, VARIABLE: self.mark}, log, folder)
        except BaseException:
            os.close(requests_write)
            os.close(answers_read)
            raise
        finally:
            os.close(requests_read)
            os.close(answers_write)
        self._requests = os.fdopen(requests_write, "w", encoding="utf-8")
        self._answers = answers_read
        self._buffer = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def send(self, request: Any) -> None:
        """Raises Ended when nobody reads it any more."""
        try:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        except OSError:
            raise Ended(self._how_it_ended()) from None

    def receive(self, overdue: Callable[[], str | None]) -> Any:
        """The next message. Raises Ended when none will come, when it is no JSON, or when `overdue`, asked twice a
        second, says why not to wait any longer (then Overdue); the child is killed then.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(timeout=POLL_S):
                    if self._process.poll() is not None:  # its own children may hold the pipe open
                        raise Ended(self._how_it_ended())
                    if reason := overdue():
                        self.kill()
                        raise Overdue(reason)
                    continue
                chunk = os.read(self._answers, 1 << 20)
                if not chunk:
                    raise Ended(self._how_it_ended())
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            self.kill()
            text = line[:60].decode(errors="backslashreplace")
            raise Ended(f"something in its process wrote {text!r} to the pipe to its parent") from None

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return "its process closed the pipe to its parent and lived on"
        if code >= 0:
            return f"its process exited with code {code}"
        name = signal.Signals(-code).name
        hint = " (out of memory, when nobody else sent it)" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"

    def pause(self) -> None:
        """Stop it and what it started in its group, until `resume` or its end."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # the group may outlive its leader, and the other way round
            os.killpg(self._process.pid, number)

    def begin_to_end(self) -> None:
        """`kill` without waiting for its end."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """End the child and whatever it started, in sessions of their own too."""
        close_all([self])

    def close_pipes(self) -> None:
        os.close(self._answers)
        with contextlib.suppress(OSError):  # a request that the dead child never read
            self._requests.close()


def close_all(children: Sequence[Child]) -> None:
    """Close each of them, sooner than one by one: they die side by side, and what they started is looked for once."""
    for child in children:
        child.begin_to_end()
    for child in children:
        child.kill()
    end_marked(*(child.mark for child in children))
    for child in children:
        child.close_pipes()
