"""Processes forked from one that has imported: what each is given, what is refused, and that none lives on."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import MachineError
from opbench.process.descendants import NO_MARK, VARIABLE, end_marked, marked, new_mark
from opbench.process.fork_client import ForkedProcess, ForkServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are waited for as Linux lets them be")

ROOT = Path(__file__).parents[3]

SERVE = f"""
import json, os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from opbench.process import fork_server

def work(requests, answers, argument):
    fork_server.follow_parent()
    own = open("/proc/self/environ", "rb").read().split(b"\\0")
    told = {{
        "argument": argument,
        "folder": os.getcwd(),
        "variables": {{name: os.environ.get(name) for name in ("OPBENCH_CHILD", "ASKED", "GIVEN")}},
        "told": [text.decode() for text in own if text.startswith(b"OPBENCH_CHILD=")],
        "cpus": sorted(os.sched_getaffinity(0)),
        "threads": len(os.listdir("/proc/self/task")),
        "preloaded": "decimal" in sys.modules,
    }}
    if argument == "leaves a daemon":
        if not (daemon := os.fork()):
            os.setsid()
            signal.pause()
        told["daemon"] = daemon
    os.write(answers, json.dumps(told).encode())
    if argument == "hangs":
        signal.pause()
    os.read(requests, 1)

fork_server.serve(int(sys.argv[2]), sys.argv[3:], work, alone=True)
"""


class Fork:
    """One, and what it told."""

    def __init__(self, server: ForkServer, argument: str = "", **variables: str) -> None:
        reads, self.asks = os.pipe()
        answers, writes = os.pipe()
        try:
            self.process: ForkedProcess = server.fork(argument, (reads, writes), variables, None, ROOT)
        finally:
            os.close(reads)
            os.close(writes)
        self.told: dict[str, Any] = json.loads(os.read(answers, 1 << 16))
        os.close(answers)

    def end(self) -> int:
        os.close(self.asks)
        return self.process.wait()


def served(*modules: str, **variables: str) -> ForkServer:
    environment = {"PATH": os.environ["PATH"], **variables}
    return ForkServer([sys.executable, "-P", "-c", SERVE], environment, modules)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    started = served("decimal", GIVEN="to the server")
    yield started
    started.close()


def test_a_fork_has_what_was_asked_for_and_what_its_server_was_started_with(server: ForkServer) -> None:
    for number in ("3", "5"):
        fork = Fork(server, number, ASKED=number)
        assert fork.told == {
            "argument": number,
            "folder": str(ROOT),
            "variables": {VARIABLE: NO_MARK, "ASKED": number, "GIVEN": "to the server"},
            "told": [f"{VARIABLE}={NO_MARK}"],
            "cpus": sorted(os.sched_getaffinity(0)),
            "threads": 1,
            "preloaded": True,
        }
        assert fork.end() == 0


def test_a_fork_that_is_killed_is_seen_to_be(server: ForkServer) -> None:
    fork = Fork(server)
    assert fork.process.poll() is None
    os.kill(fork.process.pid, signal.SIGKILL)
    assert fork.end() == -signal.SIGKILL


def test_what_a_fork_forks_into_a_session_of_its_own_is_found_by_its_mark_alone(server: ForkServer) -> None:
    mark, other = new_mark(), Fork(server, **{VARIABLE: new_mark()})
    fork = Fork(server, "leaves a daemon", **{VARIABLE: mark})
    assert fork.told["told"] == [f"{VARIABLE}={mark}"]
    daemon = fork.told["daemon"]
    assert sorted(marked(mark)) == sorted([fork.process.pid, daemon])
    fork.end()
    lives = os.pidfd_open(daemon)
    end_marked(mark)
    assert select.select([lives], [], [], 60) == ([lives], [], [])
    os.close(lives)
    os.waitpid(daemon, 0)  # who forks is a subreaper
    assert other.end() == 0


def test_beside_threads_nothing_is_forked_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "busy.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    server = served("busy", PYTHONPATH=str(tmp_path))
    with pytest.raises(MachineError, match=r"does not fork: what it imported has 1 threads at work$"):
        Fork(server)
    server.close()


def test_a_server_that_has_ended_is_said_to(server: ForkServer) -> None:
    ended = served("there_is_no_such_module")
    with pytest.raises(MachineError, match="the interpreter that workers are forked from does not") as caught:
        Fork(ended)
    assert len(str(caught.value).splitlines()) == 1
    ended.close()


def test_neither_server_nor_a_fork_that_hangs_outlives_who_asked_for_them() -> None:
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.opbench.process.test_fork_server import Fork, served
server = served()
print(server._process.pid, Fork(server, "hangs").process.pid, flush=True)
sys.stdin.read()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    asker = subprocess.Popen([sys.executable, "-c", program], text=True, **pipes)  # type: ignore[call-overload]
    server, fork = map(int, asker.stdout.readline().split())
    lives = [os.pidfd_open(server), os.pidfd_open(fork)]
    asker.kill()
    asker.communicate()
    for one in lives:
        assert select.select([one], [], [], 60) == ([one], [], [])
        os.close(one)
