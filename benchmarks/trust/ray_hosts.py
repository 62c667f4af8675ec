"""A Ray cluster on this machine whose hosts are devices of their own: a folder of locks each, and a node that comes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.trust.killed import lives
from opbench.store.lock import FOLDER

MEASURING = ("opbench.measure.worker", "ray::measure_task", "ray::IDLE")
"""Of a process's words."""


SOON = {"health_check_period_ms": 300, "health_check_failure_threshold": 10, "health_check_initial_delay_ms": 0}


@dataclass
class Host:
    """What a node shares with the one that stood there before: a folder of locks. node: None while it is away."""

    locks: Path
    node: Any = None

    def processes(self) -> list[psutil.Process]:
        """What its node has started, and what that has; and whatever else has its locks, where the node is away."""
        wanted = f"{FOLDER}={self.locks}".encode()
        found = {process for process in psutil.process_iter() if wanted in _environment(process)}
        for process in [*found]:
            with suppress(psutil.Error):
                found |= {*process.children(recursive=True)}  # those of Ray write their names over their variables
        return [process for process in found if lives(process)]


def _environment(process: psutil.Process) -> list[bytes]:
    try:
        return Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def words_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def is_fork(process: psutil.Process) -> bool:
    """Whether it measures: a server that forks leads a session, and a process of Ray is no measuring one."""
    try:
        return "opbench.measure.worker" in words_of(process) and os.getsid(process.pid) != process.pid
    except ProcessLookupError:
        return False


class Hosts:
    """A cluster of a head that measures nothing, and of hosts."""

    def __init__(self, folder: Path, count: int = 2) -> None:
        from ray.cluster_utils import Cluster

        store = {"object_store_memory": 80 << 20, "include_dashboard": False}
        self._more = store
        self.cluster: Any = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": SOON, **store}
        )
        self.all = [Host(folder / f"host-{number}") for number in range(count)]
        self.add()

    def add(self) -> None:
        """A node on each host that has none. One that does not come in Ray's 30 s is ended, and comes the next time."""
        for host in self.all:
            if host.node is None:
                host.locks.mkdir(parents=True, exist_ok=True)
                try:
                    host.node = self.cluster.add_node(num_cpus=1, env_vars={FOLDER: str(host.locks)}, **self._more)
                except Exception as exc:  # noqa: BLE001  (Ray raises no other)
                    print(f"{host.locks.name}: {str(exc)[:60]}", file=sys.stderr, flush=True)
                    for process in host.processes():
                        with suppress(psutil.Error):
                            process.kill()

    def take(self, host: Host, *, graceful: bool) -> None:
        self.cluster.remove_node(host.node, allow_graceful=graceful)
        host.node = None

    def measuring(self) -> list[psutil.Process]:
        """What measures on any host, what that is forked from, and the processes of Ray that ask for it."""
        of_all = [process for host in self.all for process in host.processes()]
        return [process for process in of_all if any(word in words_of(process) for word in MEASURING)]
