"""What a child started ends with it, whatever session it went to."""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from opbench.process.child import Child, Ended
from opbench.process.descendants import VARIABLE, end_marked, marked

DAEMON = """
import os, subprocess, sys
code = "import signal; signal.pause()"
daemon = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
os.write(int(sys.argv[1]), b"%d\\n" % daemon.pid)
"""


def process(folder: Path, number: int, *variables: str) -> None:
    (folder / str(number)).mkdir()
    (folder / str(number) / "environ").write_bytes("\0".join(variables).encode() + b"\0")


def test_processes_are_known_by_the_whole_variable(tmp_path: Path) -> None:
    process(tmp_path, 3, "A=1", f"{VARIABLE}=abc")
    process(tmp_path, 5, f"{VARIABLE}=abcd")
    process(tmp_path, 7, f"X{VARIABLE}=abc")
    process(tmp_path, 11)
    (tmp_path / "self").mkdir()
    assert marked("abc", processes=tmp_path) == [3]
    assert sorted(marked("abc", "abcd", "b", processes=tmp_path)) == [3, 5]
    assert marked(processes=tmp_path) == []


def test_what_starts_others_while_it_is_killed_ends_too(tmp_path: Path) -> None:
    process(tmp_path, 3, f"{VARIABLE}=abc")
    killed = []

    def kill(number: int, with_signal: int) -> None:
        assert with_signal == signal.SIGKILL
        killed.append(number)
        (tmp_path / str(number) / "environ").unlink()
        if number == 3:
            process(tmp_path, 5, f"{VARIABLE}=abc")

    end_marked("abc", processes=tmp_path, kill=kill)
    assert killed == [3, 5]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells of processes on Linux only")
def test_a_daemon_in_a_session_of_its_own_does_not_outlive_the_child() -> None:
    child = Child(lambda _, answers: [sys.executable, "-c", DAEMON, str(answers)], {})
    daemon = child.receive(lambda: None)
    with pytest.raises(Ended):  # the child is over, its daemon is not
        child.receive(lambda: None)
    lives = os.pidfd_open(daemon)
    assert select.select([lives], [], [], 0) == ([], [], [])
    child.close()
    assert select.select([lives], [], [], 60) == ([lives], [], [])
    os.close(lives)
