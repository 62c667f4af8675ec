"""Measuring processes of the tests, forked from one interpreter that has imported PyTorch: 0.1 s each instead of 2.

What the C library reads from the environment when a process starts is that of the first one; no test asks for more than
what the process says its variables are.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from opbench.process import fork_server
from opbench.process.child import spawned
from opbench.process.descendants import VARIABLE
from opbench.process.fork_client import ANSWER_LIMIT_S, SUBREAPER, ForkServer, forks_here
from opbench.process.forking import PROGRAM
from opbench.process.measuring_process import MeasuringProcess

if TYPE_CHECKING:
    from opbench.process.child import Process

MODULES = (
    "torch",
    "numpy",
    "opbench.measure.worker",
    "opbench.process.environment",
    "opbench.measure.point",
    "opbench.catalog",
    "opbench.counting.torch_counter",
    "opbench.counting.trace",
    "torch._dynamo",  # for callables that are compiled: 1.3 s less in every process that has one
)

SERVE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from opbench.process import fork_server
from tests.measuring import work
fork_server.serve(int(sys.argv[2]), sys.argv[3:], work)
"""


class Forking:
    """In place of `opbench.process.child.spawned`; what is no measuring process is spawned as usual.

    server: started when the first measuring process is wanted, where none is given. modules: what it imports then.
    """

    def __init__(self, server: ForkServer | None = None, modules: Sequence[str] = MODULES) -> None:
        self._server, self._modules = server, modules

    def __call__(
        self,
        words: Sequence[str],
        fds: tuple[int, int],
        environment: Mapping[str, str],
        log: TextIO | None,
        folder: Path | None,
    ) -> Process:
        if PROGRAM not in words or not forks_here():
            return spawned(words, fds, environment, log, folder)
        if self._server is None:
            own = {name: value for name, value in environment.items() if name != VARIABLE}  # it outlives its children
            self._server = ForkServer([sys.executable, "-P", "-c", SERVE], own, self._modules)
        word = json.dumps({"marker": words[-2], "parent": int(words[-1]), "environment": dict(environment)})
        return self._server.fork(word, fds, {"PYTHONPATH": environment["PYTHONPATH"]}, log, folder)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class _Inherited(ForkServer):
    """One that is there already, at the other end of a socket."""

    def __init__(self, theirs: socket.socket) -> None:
        self._socket = theirs


def fork_from_here() -> None:
    """Measuring processes of this program are forked from it as it is now: PyTorch imported, nothing run yet."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if (server := os.fork()) == 0:
        ours.close()
        os.setsid()  # as a server that is started; whoever ends this program's group leaves it to end by itself
        fork_server.serve(theirs.detach(), (), work)
        os._exit(0)
    theirs.close()
    ours.settimeout(ANSWER_LIMIT_S)

    def end() -> None:
        ours.close()
        os.waitpid(server, 0)  # else whoever started this program would have it for a child

    atexit.register(end)
    MeasuringProcess.start = Forking(_Inherited(ours))


def work(requests: int, answers: int, word: str) -> None:
    """In a fork: what `python -m opbench.measure.worker` does."""
    from opbench.measure import worker

    asked = json.loads(word)
    os.environ.clear()
    os.environ.update(asked["environment"])
    worker.main(requests, answers, Path(asked["marker"]), asked["parent"])
