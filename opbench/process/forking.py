"""Measuring processes by `fork`: each as new as one that is started, without importing PyTorch and the harness again.

The interpreter they are forked from has what a measuring process of the same environment, processors and folder would
have been given, imports, and nothing else: it computes nothing, starts no thread and touches no device. For another
environment, other processors or another folder it is replaced, since the C library, OpenMP and PyTorch read them once.
What all its forks share is in docs/trust.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from opbench.errors import MachineError
from opbench.process.child import Process, spawned
from opbench.process.descendants import VARIABLE
from opbench.process.fork_client import ForkServer, forks_here

PROGRAM = "opbench.measure.worker"

MODULES = (
    "torch",
    "numpy",
    "opbench.measure.point",
    "opbench.process.environment",
    "opbench.catalog",
    "opbench.counting.torch_counter",
    "opbench.counting.trace",
    "opbench.counting.count",
    "torch.fx.experimental.symbolic_shapes",  # by PyTorch, when meta tensors are counted: half a second of a processor
)
"""What every measuring process imports, whatever it measures. Not PyTorch's compiler, which only some do."""


class Forking:
    """In place of `opbench.process.child.spawned`: forks measuring processes, and spawns whatever else is started.

    modules: imported before the first fork. told: why processes are spawned after all, "" while they are forked.
    """

    def __init__(self, modules: Sequence[str] = MODULES) -> None:
        self._modules = modules
        self._server: ForkServer | None = None
        self._given: tuple[object, ...] = ()
        self.told = "" if forks_here() else "this system has no pidfd_open"

    def __call__(
        self,
        words: Sequence[str],
        fds: tuple[int, int],
        environment: Mapping[str, str],
        log: TextIO | None,
        folder: Path | None,
    ) -> Process:
        """words: those of `MeasuringProcess`, which end with its marker and the id of its parent."""
        own = {VARIABLE: environment.get(VARIABLE, "")}
        reason = ""
        for _ in range(2 if PROGRAM in words and not self.told else 0):  # a server that was killed is replaced
            try:
                server = self._serving(words, environment, folder)
                return server.fork(json.dumps(words[-2:]), fds, own, log, folder)
            except MachineError as exc:
                self.close()
                reason = str(exc)
        self.told = self.told or reason
        return spawned(words, fds, environment, log, folder)

    def _serving(self, words: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> ForkServer:
        """The server that has what this process is to have, started where there is none or the last had others."""
        own = {name: value for name, value in environment.items() if name != VARIABLE}
        where = str(folder or Path.cwd())
        given = (own, os.sched_getaffinity(0), where)
        if self._server is None or given != self._given:
            self.close()
            program = words[: words.index(PROGRAM) + 1]
            self._server, self._given = ForkServer(program, own, self._modules, where), given
        return self._server

    def close(self) -> None:
        """End the server; what was forked lives on."""
        if self._server is not None:
            self._server.close()
            self._server = None


def forked_at(argument: str) -> tuple[Path, int]:
    """Of a fork: its marker, and the id of its parent."""
    marker, parent = json.loads(argument)
    return Path(marker), int(parent)
