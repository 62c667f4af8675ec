"""Workers by `fork`, out of one interpreter that has imported the libraries once: the end of who asks fork_server.py.

Starting a worker took 2.5 s of a core here, 1.3 s of them for PyTorch (2-core Xeon). What forks have in common is where
libraries lie and what these set up when imported; where a worker's own code and data lie is drawn anew in each.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO

from opbench.errors import MachineError
from opbench.process.descendants import NO_MARK, VARIABLE

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h

ANSWER_LIMIT_S = 120.0
"""Seconds in which a server must have imported its modules and forked."""


def forks_here() -> bool:
    """Whether this system lets forks be waited for as is done here."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


class ForkServer:
    """Started at once, with these variables, in this folder; it ends with this process.

    words: what starts an interpreter that calls `fork_server.serve`, given `--fork`, the socket and the modules.
    modules: what it has been told to import.
    """

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], modules: Sequence[str], folder: str = "/"
    ) -> None:
        self.modules = list(modules)
        ctypes.CDLL(None).prctl(SUBREAPER, 1)  # forks become this process's children, so that it sees them end
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(ANSWER_LIMIT_S)
        with theirs, ExitStack() as on_failure:
            on_failure.callback(self._socket.close)
            self._process = subprocess.Popen(
                [*words, "--fork", str(theirs.fileno()), *modules],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**environment, VARIABLE: NO_MARK},
                cwd=folder,
                start_new_session=True,
            )
            on_failure.pop_all()

    def also_import(self, modules: Sequence[str]) -> None:
        """Before it forks again; what it has imported already is left as it is."""
        more = [name for name in modules if name not in self.modules]
        if more:
            self.modules += more
            with suppress(OSError):  # it has ended, which whoever is to be started next says
                self._socket.send(json.dumps({"modules": more}).encode())

    def fork(
        self,
        argument: str,
        fds: tuple[int, int],
        environment: Mapping[str, str],
        log: TextIO | None,
        folder: Path | None,
    ) -> ForkedProcess:
        """A worker, given these variables beside the server's. Raises MachineError where there is none, and says why.

        argument: text that `run_worker` of fork_server.py gets beside the file descriptors of requests and answers.
        """
        request = {"argument": argument, "environment": dict(environment), "folder": str(folder or Path.cwd())}
        try:
            with Path(os.devnull).open("w", encoding="utf-8") as null:
                output = null if log is None else log
                socket.send_fds(self._socket, [json.dumps(request).encode()], [*fds, output.fileno()])
            answer = self._socket.recv(256).decode()
        except OSError as exc:
            raise MachineError(f"the interpreter that workers are forked from does not answer: {exc}") from exc
        if not answer.isdigit():
            why = answer or "it has ended"
            raise MachineError(f"the interpreter that workers are forked from does not fork: {why}")
        return ForkedProcess(int(answer))

    def close(self) -> None:
        """End the server; the workers live on."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """A process that became this one's child: as much of `subprocess.Popen` as a child is known by."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self.returncode if self.returncode is not None else self._poll(0)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            code = self._poll(None if timeout is None else 1000 * timeout)
            if code is None:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def _poll(self, limit_ms: float | None) -> int | None:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(limit_ms):
            return None
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._pidfd)
        return self.returncode
