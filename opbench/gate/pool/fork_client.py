"""Workers by `fork`, out of one interpreter that has imported the libraries once: the gate's end of fork_server.py.

Starting a worker took 2.5 s of a core here, 1.3 s of them for PyTorch, and a run starts 18 to 60 (2-core Xeon). What
forks have in common, where libraries lie and what these set up when imported, is the same luck for base and head; where
a worker's own code and data lie is drawn anew in each. Fresh workers, who confirm, are forks of a fresh server.
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
from typing import Self, TextIO

from opbench.errors import MachineError
from opbench.gate.pool.launch import LaunchConfig, bootstrap_command
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h

SIDE_VARIABLES = ("PYTHONPATH", "PWD")
"""What alone may differ between the sides' variables: a fork takes it over after the interpreter has started."""

STARTUP_MODULES = ("sitecustomize.py", "usercustomize.py")
"""Run by a new interpreter that has them on its path, and so not by a fork."""

ANSWER_LIMIT_S = 120.0
"""Seconds in which a server must have imported its modules and forked; without, workers start as usual."""


def can_fork(checkouts: Mapping[Side, Checkout], launch: LaunchConfig) -> bool:
    """Whether one interpreter can stand at the beginning of both sides' workers."""
    if sys.platform != "linux" or launch.device != "cpu" or not hasattr(os, "pidfd_open"):
        return False
    environments = [_common(launch.environment(side, checkout)) for side, checkout in checkouts.items()]
    alike = len({str(checkout.python) for checkout in checkouts.values()}) == 1 and environments[0] == environments[-1]
    trees = [checkout.tree for checkout in checkouts.values()]
    return alike and not any((tree / name).exists() for tree in trees for name in STARTUP_MODULES)


def _common(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in SIDE_VARIABLES}


def forking(checkouts: Mapping[Side, Checkout], launch: LaunchConfig, modules: Sequence[str]) -> ForkServer | None:
    """A server for both sides' workers with these modules imported; None where there are none, or cannot be one."""
    if not modules or not can_fork(checkouts, launch):
        return None
    checkout = checkouts["base"]
    return ForkServer(bootstrap_command(checkout.python), launch.environment("base", checkout), modules)


class ForkServer:
    """Started at once, with those of a worker's variables that both sides share.

    modules: what it has been told to import.
    words: what starts an interpreter that calls `fork_server.serve`, given `--fork`, the socket and the modules.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], modules: Sequence[str]) -> None:
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
                env=_common(environment) | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
                cwd="/",
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

    def start(
        self,
        words: Sequence[str],
        fds: tuple[int, int],
        environment: Mapping[str, str],
        log: TextIO | None,
        folder: Path | None,
    ) -> ForkedProcess:
        """A worker; of its words only the last one counts, its configuration. Raises MachineError without a server."""
        own = {name: environment[name] for name in SIDE_VARIABLES if name in environment}
        request = {"argument": words[-1], "environment": own, "folder": str(folder or Path.cwd())}
        try:
            with Path(os.devnull).open("w", encoding="utf-8") as null:
                output = null if log is None else log
                socket.send_fds(self._socket, [json.dumps(request).encode()], [*fds, output.fileno()])
            pid = int(self._socket.recv(64))
        except (OSError, ValueError) as exc:
            raise MachineError(f"the interpreter that workers are forked from does not answer: {exc}") from exc
        return ForkedProcess(pid)

    def close(self) -> None:
        """End the server; the workers live on."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class ServerAhead:
    """A server that imports while the dry run still goes on, and is ended unless it was taken. Used as a context."""

    def __init__(self, checkouts: Mapping[Side, Checkout], launch: LaunchConfig) -> None:
        self._checkouts, self.launch = checkouts, launch
        self._server: ForkServer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if (server := self.take()) is not None:
            server.close()

    def imports(self, modules: Sequence[str]) -> None:
        """Have it import these, and those that it was told before."""
        if self._server is None:
            self._server = forking(self._checkouts, self.launch, modules)
        else:
            self._server.also_import(modules)

    def take(self) -> ForkServer | None:
        """It is the caller's then, and not given twice; None where there is none."""
        server, self._server = self._server, None
        return server


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
