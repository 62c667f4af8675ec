"""A child that is paused does nothing, neither do its threads, and it answers once it goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opbench.process.child import Child
from opbench.process.threads import settle

HOPELESS_S = 600.0

SPINNING = """
import sys, threading
requests, answers = open(int(sys.argv[1])), open(int(sys.argv[2]), "w")
def spin():
    while True: pass
threading.Thread(target=spin, daemon=True).start()
for line in requests:
    print(line, end="", file=answers, flush=True)
"""


@pytest.fixture
def child() -> Iterator[Child]:
    started = Child(
        lambda requests, answers: [sys.executable, "-I", "-S", "-c", SPINNING, str(requests), str(answers)],
        dict(os.environ),
    )
    yield started
    started.close()


def states(pid: int) -> set[str]:
    """Of its threads, as proc(5) names them."""
    return {status.read_text().rpartition(")")[2].split()[0] for status in Path(f"/proc/{pid}/task").glob("*/stat")}


def answered(child: Child, request: int) -> object:
    child.send(request)
    return child.receive(lambda: None)


def test_no_thread_of_a_paused_child_runs_and_what_it_is_asked_it_answers_afterwards(child: Child) -> None:
    assert answered(child, 7) == 7
    assert len(list(Path(f"/proc/{child.pid}/task").iterdir())) == 2
    child.pause()
    assert settle(child.pid, HOPELESS_S)  # a thread stops when it has a processor next
    assert states(child.pid) == {"T"}
    child.send(11)
    child.resume()
    assert child.receive(lambda: None) == 11


def test_a_paused_child_is_ended_as_any_other(child: Child) -> None:
    answered(child, 7)
    child.pause()
    child.kill()
    assert child.returncode == -9


def test_a_child_that_has_ended_can_be_paused(child: Child) -> None:
    child.kill()
    child.pause()
    child.resume()
    assert child.returncode == -9
