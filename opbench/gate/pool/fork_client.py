"""Workers of the gate by `fork`: when both sides' may come from one interpreter, and what each takes from its side.

A run starts 18 to 60. What forks have in common is the same luck for base and head. Fresh workers, who confirm, are
forks of a fresh server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, TextIO

from opbench.gate.pool.launch import LaunchConfig, bootstrap_command
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout
from opbench.process import fork_client
from opbench.process.descendants import VARIABLE
from opbench.process.fork_client import ForkedProcess

SIDE_VARIABLES = ("PYTHONPATH", "PWD")
"""What alone may differ between the sides' variables: a fork takes it over after the interpreter has started."""

STARTUP_MODULES = ("sitecustomize.py", "usercustomize.py")
"""Run by a new interpreter that has them on its path, and so not by a fork."""


def can_fork(checkouts: Mapping[Side, Checkout], launch: LaunchConfig) -> bool:
    """Whether one interpreter can stand at the beginning of both sides' workers."""
    if launch.device != "cpu" or not fork_client.forks_here():
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


class ForkServer(fork_client.ForkServer):
    """Started with those of a worker's variables that both sides share. words: as of `bootstrap_command`."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], modules: Sequence[str]) -> None:
        own = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        super().__init__(words, _common(environment) | own, modules)

    def start(
        self,
        words: Sequence[str],
        fds: tuple[int, int],
        environment: Mapping[str, str],
        log: TextIO | None,
        folder: Path | None,
    ) -> ForkedProcess:
        """A worker; of its words only the last one counts, its configuration. Raises MachineError without a server."""
        own = {name: environment[name] for name in (*SIDE_VARIABLES, VARIABLE) if name in environment}
        return self.fork(words[-1], fds, own, log, folder)


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
