"""Workers forked from one interpreter: when they may be, that they serve, die and are replaced, and lie apart."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from opbench.gate.decision.failures import BenchmarkFailure
from opbench.gate.pool.fork_client import STARTUP_MODULES, ForkServer, ServerAhead, can_fork
from opbench.gate.pool.launch import LaunchConfig, bootstrap_command
from opbench.gate.pool.worker_handle import WorkerHandle
from opbench.gate.pool.worker_pool import WorkerPool
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout
from opbench.process.environment import pinned

ROOT = Path(__file__).parents[4]

PRELOADED = ("decimal", "fractions")
"""Libraries that nobody else imports here."""

BENCH = """
import os, sys

def test_work(benchmark):
    benchmark(sum, range(100))

def test_surroundings(benchmark):
    assert set({shared!r}) <= set(sys.modules)
    assert os.getcwd() == os.environ["PWD"] == {tree!r} == [part for part in sys.path if part not in {here!r}][0]
    assert not [name for name in sys.modules if name.startswith("opbench")]
    assert set(os.environ["OPBENCH_CHILD"]) - {{"0"}}
    print("said in the log")
    benchmark(sum, range(100))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks are waited for as Linux lets them be")


@pytest.fixture
def checkouts(tmp_path: Path) -> dict[Side, Checkout]:
    checkouts: dict[Side, Checkout] = {}
    for side in ("base", "head"):
        tree = tmp_path / side
        (tree / "bench").mkdir(parents=True)
        (tree / "bench" / "test_it.py").write_text(
            BENCH.format(shared=PRELOADED, tree=str(tree), here=[str(tree / "bench")])
        )
        checkouts[side] = Checkout(Path(sys.executable), tree)
    return checkouts


@pytest.fixture
def launch(tmp_path: Path) -> LaunchConfig:
    return LaunchConfig(("bench",), None, 1, "cpu", tmp_path / "nowhere", 60.0)


@linux
def test_the_sides_must_share_interpreter_and_variables(
    checkouts: Mapping[Side, Checkout], launch: LaunchConfig
) -> None:
    assert can_fork(checkouts, launch)
    assert not can_fork(checkouts, replace(launch, device="cuda"))
    assert not can_fork(checkouts, replace(launch, extra_environment={"head": {"MALLOC_ARENA_MAX": "1"}}))
    other = {**checkouts, "head": replace(checkouts["head"], python=Path("/elsewhere/bin/python"))}
    assert not can_fork(other, launch)


@linux
@pytest.mark.parametrize("name", STARTUP_MODULES)
def test_what_a_new_interpreter_would_run_first_is_not_left_out(
    name: str, checkouts: Mapping[Side, Checkout], launch: LaunchConfig
) -> None:
    (checkouts["head"].tree / name).write_text("")
    assert not can_fork(checkouts, launch)


@linux
def test_forked_workers_serve_as_others_do_and_a_killed_one_is_replaced(
    checkouts: Mapping[Side, Checkout], launch: LaunchConfig
) -> None:
    before = _children()  # whatever other tests left behind, and this process has inherited as their forks' reaper
    with WorkerPool(checkouts, 2, launch=launch, random=random.Random(1), preload=PRELOADED) as pool:
        surroundings, work = sorted(listed["id"] for listed in pool.listing("base"))
        assert len(pool.measure(surroundings, 2, "screen").slices) == 2 * 4
        victim = min(_workers(_children() - before))
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(BenchmarkFailure, match="killed by SIGKILL"):
            pool.measure(work, 1, "screen")
        assert len(pool.measure(work, 3, "screen").slices) == 3 * 4
    assert not _workers(_children() - before)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def _workers(pids: set[int]) -> set[int]:
    """Of these, the forked ones: a server is the leader of a session, a fork only of its group."""
    return {pid for pid in pids if os.getpgid(pid) == pid != os.getsid(pid)}


@linux
def test_a_side_that_says_goodbye_is_seen_to_end(checkouts: Mapping[Side, Checkout], launch: LaunchConfig) -> None:
    environment = launch.environment("base", checkouts["base"])
    server = ForkServer(bootstrap_command(checkouts["base"].python), environment, ())
    try:
        worker = WorkerHandle(7, "base", checkouts, launch, server.start)
        assert {listed["name"] for listed in worker.ask({"list": {}})["benchmarks"]} == {
            "test_work",
            "test_surroundings",
        }
        worker.close()
        assert not psutil.pid_exists(worker.pid)
    finally:
        server.close()


@linux
def test_a_server_may_be_told_more_to_import_before_it_is_taken(
    checkouts: Mapping[Side, Checkout], launch: LaunchConfig
) -> None:
    with ServerAhead(checkouts, launch) as ahead:
        ahead.imports(())
        assert ahead.take() is None
        for count in (1, 2, 2):
            ahead.imports(PRELOADED[:count])
        server = ahead.take()
        assert server is not None
        assert server.modules == list(PRELOADED)
        assert ahead.take() is None
    with WorkerPool(checkouts, 1, launch=launch, random=random.Random(1), server=server) as pool:
        surroundings, _ = sorted(listed["id"] for listed in pool.listing("base"))
        assert len(pool.measure(surroundings, 1, "screen").slices) == 2


@linux
def test_a_server_that_nobody_takes_is_ended(checkouts: Mapping[Side, Checkout], launch: LaunchConfig) -> None:
    before = _children()
    with ServerAhead(checkouts, launch) as ahead:
        ahead.imports(PRELOADED)
        assert _children() - before
    assert not _children() - before


@linux
def test_what_a_start_of_pytest_asks_version_control_is_asked_once_for_all_workers(
    checkouts: Mapping[Side, Checkout], launch: LaunchConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pytest_benchmark")
    asked, programs = tmp_path / "asked", tmp_path / "programs"
    programs.mkdir()
    (programs / "git").write_text(f"#!/bin/sh\necho $PPID >> {asked}\nexit 1\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    with WorkerPool(checkouts, 2, launch=launch, random=random.Random(1), preload=("pytest",)):
        assert len(set(asked.read_text().split())) == 1


@linux
def test_forks_have_their_memory_at_places_of_their_own() -> None:
    """In a process without threads, as the server is one."""
    script = f"""
import ctypes, json, mmap, os, socket, sys
sys.path.insert(0, {str(ROOT)!r})
from opbench.process import fork_server

def work(requests, answers, word):
    allocate = ctypes.CDLL(None).malloc
    allocate.restype = ctypes.c_void_p
    mapped = ctypes.addressof(ctypes.c_char.from_buffer(mmap.mmap(-1, 1 << 22)))
    os.write(answers, json.dumps([allocate(1 << 10), allocate(1 << 21), mapped]).encode())

addresses = []
for _ in range(6):
    answer_read, answer_write = os.pipe()
    ours, theirs = socket.socketpair()
    log = os.open(os.devnull, os.O_WRONLY)
    request = {{"folder": "/", "environment": {{}}, "argument": ""}}
    fork_server._fork(request, [os.dup(0), answer_write, log], theirs, work)
    os.close(answer_write)
    addresses.append(json.loads(os.read(answer_read, 100)))
print(json.dumps(addresses))
"""
    run = subprocess.run(
        [sys.executable, "-c", script], env=pinned(os.environ), capture_output=True, text=True, check=True
    )
    heap, top, mapped = zip(*json.loads(run.stdout), strict=True)
    assert len(set(mapped)) == 6
    assert len({address % 4096 for address in heap}) > 1
    assert len(set(top)) == 6
