"""One command with a limit of time and of disk: in a process group of its own, killed whole, its output kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, TypeAlias

Wait: TypeAlias = Callable[["subprocess.Popen[bytes]", float], object]
"""Returns once the process has ended; raises subprocess.TimeoutExpired where that takes more than so many seconds."""

MARK = "OPBENCH_GPU_DAY"
"""A variable that whatever a command starts inherits: measuring processes leave its group, and are found by it."""

HEAD_BYTES = TAIL_BYTES = 256 << 10
FOLDER_BYTES = 2 << 30
LOOK_S = 1.0
GRACE_S = 3.0
"""After SIGTERM, for a journal to be closed."""


@dataclass(frozen=True)
class Ended:
    """How a command ended. code: None where it was killed, and `why` says for what."""

    code: int | None
    why: str
    seconds: float
    last_words: str


class Log:
    """A file of what was printed: its beginning at once, its end when closed, and how much lies between.

    A disk that is full costs the file and not the command; the end is in memory all the same.
    """

    def __init__(self, path: Path, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> None:
        self._left, self._most = head, tail
        self._tail: deque[bytes] = deque()
        self._held = self._dropped = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with contextlib.suppress(OSError):
            path.write_bytes(b"")

    def add(self, data: bytes) -> None:
        now, later = data[: self._left], data[self._left :]
        self._left -= len(now)
        self._write(now)
        if later:
            self._tail.append(later)
            self._held += len(later)
        while self._tail and self._held - len(self._tail[0]) >= self._most:
            gone = len(self._tail.popleft())
            self._held -= gone
            self._dropped += gone

    def close(self) -> None:
        if self._dropped:
            self._write(f"\n[{self._dropped} bytes left out]\n".encode())
        self._write(b"".join(self._tail))

    def last_words(self) -> str:
        """The last line that says something, in 300 printable characters at most."""
        with contextlib.suppress(OSError):
            end = b"".join(self._tail)[-4096:] or self._path.read_bytes()[-4096:]
            lines = [line.strip() for line in end.decode("utf-8", "replace").splitlines() if line.strip()]
            return "".join(letter if letter.isprintable() else "?" for letter in lines[-1])[:300] if lines else ""
        return ""

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError), self._path.open("ab") as file:
            file.write(data)


def run(
    words: Sequence[str],
    log_file: Path,
    limit_s: float,
    *,
    folder: Path,
    environment: Mapping[str, str],
    folder_bytes: int = FOLDER_BYTES,
    wait: Wait = subprocess.Popen.wait,
) -> Ended:
    """Run a command to its end, or to its limits, and leave no process of it.

    words: the command. log_file: for stdout and stderr together. folder: where it writes, which may not grow beyond
    `folder_bytes`. environment: of the process, whole; its MARK says which processes are the command's.
    """
    start_s = time.monotonic()
    log = Log(log_file)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as exc:
        return Ended(None, f"cannot start {words[0]}: {exc.strerror}", 0.0, "")
    assert process.stdout is not None
    reader = Thread(target=_read, args=(process.stdout, log), daemon=True)
    reader.start()
    why = "interrupted"
    try:
        why = _watch(process, limit_s, folder, folder_bytes, wait)
    finally:
        _end(process, environment.get(MARK, ""), at_once=not why)
        reader.join(GRACE_S)
        if not reader.is_alive():
            process.stdout.close()
        log.close()
    code = None if why else process.returncode
    return Ended(code, why, time.monotonic() - start_s, log.last_words())


def _read(stream: IO[bytes], log: Log) -> None:
    while data := os.read(stream.fileno(), 1 << 16):
        log.add(data)


def _watch(process: subprocess.Popen[bytes], limit_s: float, folder: Path, folder_bytes: int, wait: Wait) -> str:
    """Why it has to be killed, or nothing once it has ended."""
    deadline_s = time.monotonic() + limit_s
    while True:
        step_s = min(LOOK_S, deadline_s - time.monotonic())
        try:
            wait(process, max(0.0, step_s))
        except subprocess.TimeoutExpired:
            if size_of(folder) > folder_bytes:
                return f"wrote more than {folder_bytes >> 20} MiB"
            if step_s < LOOK_S:
                return f"not done within {limit_s:.0f} s"
        else:
            return ""


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder, whatever comes and goes there meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_size
    return total


def _end(process: subprocess.Popen[bytes], mark: str, *, at_once: bool) -> None:
    """Its group is asked to end and then killed, and so is whatever left the group."""
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        if not at_once:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    end_marked(mark)


def end_marked(mark: str) -> None:
    """Kill every process but this one that was started with this mark; none without a mark."""
    wanted = f"{MARK}={mark}".encode()
    for _ in range(10 if mark else 0):
        alive = [process for process in _processes(wanted) if process != os.getpid()]
        for process in alive:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        if not alive:
            return


def _processes(wanted: bytes) -> list[int]:
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # another user's, or it has ended
            if wanted in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    return found
