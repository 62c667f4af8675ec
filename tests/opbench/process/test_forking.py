"""Which measuring processes come from one interpreter, and when they are started afresh after all; scripted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import MachineError
from opbench.process import forking
from opbench.process.descendants import VARIABLE
from opbench.process.forking import PROGRAM, Forking, forked_at

WORDS = ["python", "-m", PROGRAM, "3", "5", "/tmp/marker", "7"]


class Scripted:
    """In place of a `ForkServer`, where the next of `script` is what one raises when it is to fork."""

    made: list[Scripted]
    script: list[MachineError]

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], modules: Sequence[str], folder: str
    ) -> None:
        self.words, self.environment, self.folder = list(words), dict(environment), folder
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closed = False
        Scripted.made.append(self)

    def fork(self, argument: str, fds: object, environment: Mapping[str, str], *_: object) -> Scripted:
        if Scripted.script:
            raise Scripted.script.pop(0)
        self.asked.append((argument, dict(environment)))
        return self

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def servers(monkeypatch: pytest.MonkeyPatch) -> list[Scripted]:
    Scripted.made, Scripted.script = [], []
    monkeypatch.setattr(forking, "ForkServer", Scripted)
    monkeypatch.setattr(forking, "spawned", lambda words, *_: f"spawned {words[2]}")
    monkeypatch.setattr(forking, "forks_here", lambda: True)
    return Scripted.made


def ask(start: Forking, mark: str = "a", folder: Path | None = None, **variables: str) -> Any:
    return start(WORDS, (3, 5), {VARIABLE: mark, **variables}, None, folder)


def test_one_interpreter_serves_all_of_one_environment_each_with_its_own_mark(servers: list[Scripted]) -> None:
    start = Forking()
    assert ask(start, "a", OMP_NUM_THREADS="1") is ask(start, "b", OMP_NUM_THREADS="1")
    (server,) = servers
    assert server.words == ["python", "-m", PROGRAM]
    assert server.environment == {"OMP_NUM_THREADS": "1"}  # read once, when libraries are loaded
    assert server.folder == str(Path.cwd())
    assert [own for _, own in server.asked] == [{VARIABLE: "a"}, {VARIABLE: "b"}]
    assert forked_at(server.asked[0][0]) == (Path("/tmp/marker"), 7)
    start.close()
    assert server.closed


def test_other_variables_processors_or_folders_take_another_interpreter(
    servers: list[Scripted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Forking()
    ask(start)
    ask(start, OPBENCH_OPERATORS="/shared/my_ops.py")
    ask(start, OPBENCH_OPERATORS="/shared/my_ops.py", folder=tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {97})
    ask(start, OPBENCH_OPERATORS="/shared/my_ops.py", folder=tmp_path)
    assert [server.closed for server in servers] == [True, True, True, False]
    assert [server.folder for server in servers[1:]] == [str(Path.cwd()), str(tmp_path), str(tmp_path)]


def test_an_interpreter_that_was_killed_is_replaced_and_one_that_cannot_fork_is_told_of(
    servers: list[Scripted],
) -> None:
    start = Forking()
    Scripted.script = [MachineError("it has ended")]
    assert ask(start) is servers[1]
    assert (start.told, servers[0].closed) == ("", True)
    Scripted.script = [MachineError("it has ended"), MachineError("3 threads at work")]
    assert ask(start) == f"spawned {PROGRAM}"
    assert start.told == "3 threads at work"
    assert ask(start) == f"spawned {PROGRAM}"
    assert len(servers) == 3
    assert all(server.closed for server in servers)


def test_what_is_no_measuring_process_is_spawned_and_so_is_all_where_forks_cannot_be_waited_for(
    servers: list[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    other: Any = Forking()(["git", "status", "-s"], (3, 5), {}, None, None)
    assert other == "spawned -s"
    monkeypatch.setattr(forking, "forks_here", lambda: False)
    start = Forking()
    assert ask(start) == f"spawned {PROGRAM}"
    assert start.told == "this system has no pidfd_open"
    assert servers == []
