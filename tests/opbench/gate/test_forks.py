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

from opbench.environment import pinned
from opbench.gate.environments import Installed
from opbench.gate.forks import CUSTOM, ForkServer, forkable
from opbench.gate.hired import Broken
from opbench.gate.player import Player
from opbench.gate.pool import Pool
from opbench.gate.recipe import Recipe, boot_words
from opbench.gate.slices import Side

ROOT = Path(__file__).parents[3]

SHARED = ("decimal", "fractions")
"""Libraries that nobody else imports here."""

BENCH = """
import os, sys

def test_work(benchmark):
    benchmark(sum, range(100))

def test_surroundings(benchmark):
    assert set({shared!r}) <= set(sys.modules)
    assert os.getcwd() == os.environ["PWD"] == {tree!r} == [part for part in sys.path if part not in {here!r}][0]
    assert not [name for name in sys.modules if name.startswith("opbench")]
    print("said in the log")
    benchmark(sum, range(100))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks are waited for as Linux lets them be")


@pytest.fixture
def sides(tmp_path: Path) -> dict[Side, Installed]:
    found: dict[Side, Installed] = {}
    for side in ("base", "head"):
        tree = tmp_path / side
        (tree / "bench").mkdir(parents=True)
        (tree / "bench" / "test_it.py").write_text(
            BENCH.format(shared=SHARED, tree=str(tree), here=[str(tree / "bench")])
        )
        found[side] = Installed(Path(sys.executable), tree)
    return found


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return Recipe(("bench",), None, 1, "cpu", tmp_path / "nowhere", 60.0)


@linux
def test_the_sides_must_share_interpreter_and_variables(sides: Mapping[Side, Installed], recipe: Recipe) -> None:
    assert forkable(sides, recipe)
    assert not forkable(sides, replace(recipe, device="cuda"))
    assert not forkable(sides, replace(recipe, extra_environment={"head": {"MALLOC_ARENA_MAX": "1"}}))
    other = {**sides, "head": replace(sides["head"], python=Path("/elsewhere/bin/python"))}
    assert not forkable(other, recipe)


@linux
@pytest.mark.parametrize("name", CUSTOM)
def test_what_a_new_interpreter_would_run_first_is_not_left_out(
    name: str, sides: Mapping[Side, Installed], recipe: Recipe
) -> None:
    (sides["head"].tree / name).write_text("")
    assert not forkable(sides, recipe)


@linux
def test_forked_workers_serve_as_others_do_and_a_killed_one_is_replaced(
    sides: Mapping[Side, Installed], recipe: Recipe
) -> None:
    before = _children()  # whatever other tests left behind, and this process has inherited as their forks' reaper
    with Pool(sides, 2, start=recipe, random=random.Random(1), shared=SHARED) as pool:
        surroundings, work = sorted(one["id"] for one in pool.listing("base"))
        assert len(pool.play(surroundings, 2, "screen").slices) == 2 * 4
        victim = min(_workers(_children() - before))
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(Broken, match="killed by SIGKILL"):
            pool.play(work, 1, "screen")
        assert len(pool.play(work, 3, "screen").slices) == 3 * 4
    assert not _workers(_children() - before)


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def _workers(pids: set[int]) -> set[int]:
    """Of these, the forked ones: a server is the leader of a session, a fork only of its group."""
    return {pid for pid in pids if os.getpgid(pid) == pid != os.getsid(pid)}


@linux
def test_a_side_that_says_goodbye_is_seen_to_end(sides: Mapping[Side, Installed], recipe: Recipe) -> None:
    environment = recipe.environment("base", sides["base"])
    server = ForkServer(boot_words(sides["base"].python), environment, ())
    try:
        player = Player(7, "base", sides, recipe, server.start)
        assert {one["name"] for one in player.ask({"list": {}})["benchmarks"]} == {"test_work", "test_surroundings"}
        player.close()
        assert not psutil.pid_exists(player.pid)
    finally:
        server.close()


@linux
def test_forks_have_their_memory_at_places_of_their_own() -> None:
    """In a process without threads, as the server is one."""
    script = f"""
import ctypes, json, mmap, os, socket, sys
sys.path.insert(0, {str(ROOT)!r})
from opbench.gate import forking

def work(requests, answers, word):
    allocate = ctypes.CDLL(None).malloc
    allocate.restype = ctypes.c_void_p
    mapped = ctypes.addressof(ctypes.c_char.from_buffer(mmap.mmap(-1, 1 << 22)))
    os.write(answers, json.dumps([allocate(1 << 10), allocate(1 << 21), mapped]).encode())

found = []
for _ in range(6):
    told, tell = os.pipe()
    ours, theirs = socket.socketpair()
    log = os.open(os.devnull, os.O_WRONLY)
    forking._forked({{"folder": "/", "environment": {{}}, "word": ""}}, [os.dup(0), tell, log], theirs, work)
    os.close(tell)
    found.append(json.loads(os.read(told, 100)))
print(json.dumps(found))
"""
    run = subprocess.run(
        [sys.executable, "-c", script], env=pinned(os.environ), capture_output=True, text=True, check=True
    )
    heap, top, mapped = zip(*json.loads(run.stdout), strict=True)
    assert len(set(mapped)) == 6
    assert len({address % 4096 for address in heap}) > 1
    assert len(set(top)) == 6
