"""A Ray cluster's processes, nodes and drivers killed at random: is anything lost, doubled, or measured two at once?

    python -m benchmarks.trust.killed_nodes [--kills 100] [--minutes 60] [--seed 0]

Two hosts of one cluster on this machine, each with a node of one processor and a folder of locks, so that each is a
device of its own. A sweep `--on ray` of an operator in a file is started, and at drawn moments a process that measures
or asks for it is killed, a node is killed (its Ray alone: what it started has to end by itself), taken away or added,
or the driver is killed; then `--resume`, until the sweep is over. By the rules of `benchmarks.trust.killed` whatever
was on record has to be there once; in the end the keys have to be those of a sweep without Ray. Each measuring process
holds a lock of the benchmark's own while it has a backend, and says so where another of its host holds it. Prints what
went wrong. A kill takes 20 s on two cores that have much other work.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks.trust.forked_command import ForkedCommand
from benchmarks.trust.killed import Lane, lives
from benchmarks.trust.ray_hosts import Host, Hosts, is_fork, words_of
from opbench.store.lock import FOLDER
from opbench.store.runs import latest_run

POINTS = ",".join(map(str, range(1, 25)))
WORDS = ("--n", POINTS, "--device", "cpu", "--budget", "0.02")
GONE_AFTER_S = 60.0
"""Seconds in which what a driver or node started has to have ended. It takes one or two on a quiet machine; beside 40
programs on two cores an agent of Ray's own, which looks for its node now and then, was there 15 s later."""
STILL_S = 240.0
"""Seconds without a record after which a driver is said to hang."""
ADDED = "a node was added"

OPERATOR = f"""
import fcntl, os
import opbench, torch

@opbench.operator(axes={{"n": 5}}, check=[{{"n": 1}}])
def doubled(x):
    return x + x

@doubled.inputs
def inputs(n):
    return torch.randn(n)

@doubled.backend("alone", prepares=True)
def alone(x):
    if "lock" not in globals():
        globals()["lock"] = open(os.path.join(os.environ["{FOLDER}"], "witness"), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with open(os.path.join(os.environ["{FOLDER}"], "overlaps"), "a") as told:
                told.write(f"{{x.numel()}} by {{os.getpid()}}\\n")
    return lambda: 2 * x
"""


@dataclass
class OnRay(Lane):
    """Sweeps on these hosts. local: keys of the same sweep without Ray. added: nodes that came while one ran."""

    hosts: Hosts | None = None
    local: frozenset[str] = field(default_factory=frozenset)
    added: Counter[str] = field(default_factory=Counter)

    def once(self) -> bool:
        assert self.hosts is not None
        self.hosts.add()
        if all(host.node is None for host in self.hosts.all):
            return False
        words, own = self._prepared(resume=0 < len(self.recorded) < self.cases)
        command = ForkedCommand(words, os.environ | own)
        while self._went_on(command):
            kind, act = self.draw.choice([*self._kinds(self.hosts)])
            (self.added if kind == ADDED else self.kills)[kind] += 1
            act()
            if kind == "a driver":
                command.kill()
                command.wait()
                self._gone(self.hosts.measuring, kind)
                self._compare(complete=False)
            self._tell()
            if kind == "a driver":
                return False
        code = command.wait()
        if code not in (0, 3):  # 3: what died twice, or found no host any more, is left to --resume
            self.problems.append(f"ended with {code}")
        self._compare(complete=code == 0)
        if code == 0 and self.recorded != self.local:
            self.problems.append(f"{len(self.recorded ^ self.local)} keys are not those of a sweep without Ray")
        self._tell()
        return code == 0

    def _kinds(self, hosts: Hosts) -> Iterator[tuple[str, Callable[[], object]]]:
        """Each as often as it may be drawn: what takes long to come again seldom."""
        processes = hosts.measuring()
        forks = [process for process in processes if is_fork(process)]
        others = [process for process in processes if process not in forks]
        for kind, of_kind, times in (("a measuring process", forks, 6), ("who asks it, or forks it", others, 2)):
            for _ in range(times if of_kind else 0):
                yield kind, partial(_kill, self.draw.choice(of_kind))
        for _ in range(2):
            yield "a driver", lambda: None
        for host in hosts.all:
            if host.node is not None:
                yield "a node", partial(self._taken, hosts, host, graceful=False)
                yield "a node, asked to go", partial(self._taken, hosts, host, graceful=True)
            else:
                for _ in range(3):
                    yield ADDED, hosts.add

    def _taken(self, hosts: Hosts, host: Host, *, graceful: bool) -> None:
        of_node = host.processes()
        hosts.take(host, graceful=graceful)
        self._gone(lambda: [process for process in {*of_node, *host.processes()} if lives(process)], "a node")

    def _gone(self, alive: Callable[[], list[psutil.Process]], kind: str) -> None:
        until = time.monotonic() + GONE_AFTER_S
        while (left := alive()) and time.monotonic() < until:
            time.sleep(0.2)
        self.problems += [
            f"{words_of(process)[:60]} ({process.pid}) lives on after {kind} was killed" for process in left
        ]

    def _went_on(self, command: ForkedCommand) -> bool:
        """Wait for some records and a little longer; False once the driver has ended."""
        wanted, until = self._lines() + 2 * self.draw.randrange(4), time.monotonic() + STILL_S
        while command.poll() is None:
            time.sleep(0.02)
            if self._lines() >= max(1, wanted):
                time.sleep(self.draw.uniform(0, 1))
                return command.poll() is None
            if time.monotonic() > until:
                self.problems.append(f"no record in {STILL_S:g} s")
                return True
        return False

    def _tell(self) -> None:
        assert self.hosts is not None
        counts = f"{self.kills.total()} kills {dict(self.kills + self.added)}, {len(self.recorded)} on record"
        print(f"{counts}, problems: {self.problems}", file=sys.stderr, flush=True)


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):  # it came to its end first
        process.kill()


def local_keys(folder: Path, words: tuple[str, ...]) -> frozenset[str]:
    if code := ForkedCommand([*words, "--results", str(folder)], os.environ).wait():
        raise SystemExit(f"a sweep without Ray ended with {code}")
    return frozenset(record.case.key for record in latest_run(folder, "doubling").records())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    folder, until_s = Path(tempfile.mkdtemp(prefix="killed-nodes-")), time.monotonic() + 60 * asked.minutes
    os.environ |= {"OPBENCH_CONTENTION": "ignore", "RAY_USAGE_STATS_ENABLED": "0", FOLDER: str(folder)}
    (folder / "doubling.py").write_text(OPERATOR, encoding="utf-8")
    words = ("sweep", str(folder / "doubling.py"), *WORDS)
    local = local_keys(folder / "local", words)
    hosts = Hosts(folder)
    os.environ["RAY_ADDRESS"] = hosts.cluster.address
    draw = random.Random(asked.seed)  # noqa: S311  (no secrets)
    lane = OnRay(folder / "lane", draw, (*words, "--on", "ray"), len(local), hosts=hosts, local=local)
    sweeps = 0
    while lane.kills.total() < asked.kills and time.monotonic() < until_s:
        sweeps += lane.once()
    hosts.cluster.shutdown()
    for host in hosts.all:
        if (told := host.locks / "overlaps").exists():
            lane.problems += [
                f"two measured at once on {host.locks.name}: {line}" for line in told.read_text().splitlines()
            ]
    shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(lane.problems))
    counts = f"{lane.kills.total()} kills ({dict(lane.kills)}), {lane.added.total()} nodes added"
    print(f"seed {asked.seed}: {counts}, {sweeps} sweeps came to their end: {len(lane.problems)} problems")


if __name__ == "__main__":
    main()
