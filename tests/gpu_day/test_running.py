"""One command within its limits: what hangs, floods or leaves its group is ended whole, and what it printed is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.gpu_day import running
from benchmarks.gpu_day.running import Ended, Log, run

HANGS = """
import os, signal, subprocess, sys
print("half of it", flush=True)
{more}
with open(sys.argv[1], "w") as ready:
    ready.write(str(child))
signal.pause()
"""
LEAVING = """
child = subprocess.Popen(
    [sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True, stdout=subprocess.DEVNULL
).pid
"""


def hang(tmp_path: Path, more: str, **limits: int) -> tuple[Ended, int]:
    """A command that never ends, cut when it has said that it is ready; and the process that it named."""
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    named: list[str] = []

    def wait(process: subprocess.Popen[bytes], seconds: float) -> None:
        if not named:
            named.append(ready.read_text())  # blocks until it is written
        raise subprocess.TimeoutExpired(process.args, seconds)

    words = [sys.executable, "-c", HANGS.format(more=more), str(ready)]
    folder = tmp_path / "written"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * 17)
    ended = run(words, tmp_path / "log", 0.5, folder=folder, environment=marked(tmp_path), wait=wait, **limits)
    return ended, int(named[0])


def marked(tmp_path: Path) -> Mapping[str, str]:
    return os.environ | {running.MARK: str(tmp_path)}


def test_what_hangs_is_killed_and_what_it_printed_is_kept(tmp_path: Path) -> None:
    ended, _ = hang(tmp_path, "child = os.getpid()")
    assert (ended.code, ended.why, ended.last_words) == (None, "not done within 0 s", "half of it")
    assert (tmp_path / "log").read_text() == "half of it\n"


def test_a_process_that_left_the_group_is_killed_too(tmp_path: Path) -> None:
    _, child = hang(tmp_path, LEAVING)
    with suppress(psutil.NoSuchProcess):
        left = psutil.Process(child)
        gone, _ = psutil.wait_procs([left], 5.0)  # a killed process takes a while to end, and nobody may ask for it
        assert gone or left.status() == psutil.STATUS_ZOMBIE


def test_what_fills_the_disk_is_killed_and_says_so(tmp_path: Path) -> None:
    ended, _ = hang(tmp_path, "child = os.getpid()", folder_bytes=16)
    assert ended.why == "wrote more than 0 MiB"


def test_a_command_that_cannot_be_started_is_an_end_and_no_exception(tmp_path: Path) -> None:
    ended = run([str(tmp_path / "none")], tmp_path / "log", 1.0, folder=tmp_path, environment=os.environ)
    assert ended.code is None
    assert ended.why.startswith("cannot start")


def test_garbage_is_kept_as_it_is_and_told_as_text(tmp_path: Path) -> None:
    words = [sys.executable, "-c", r"import os; os.write(1, b'\xff\x00\x1b[2J end\n'); raise SystemExit(7)"]
    ended = run(words, tmp_path / "log", 60.0, folder=tmp_path, environment=os.environ)
    assert (ended.code, ended.why) == (7, "")
    assert (tmp_path / "log").read_bytes() == b"\xff\x00\x1b[2J end\n"
    assert ended.last_words.isprintable()
    assert ended.last_words.endswith("end")


def test_of_a_flood_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", head=5, tail=4)
    for piece in (b"abc", b"defg", b"hijk", b"lmno\n"):
        log.add(piece)
    log.close()
    text = (tmp_path / "log").read_text()
    assert text.startswith("abcde\n[")
    assert "lmno" in text
    assert "hijk" not in text
    assert "6 bytes left out" in text  # fg and hijk
    assert log.last_words() == "lmno"


@pytest.mark.parametrize("head", [0, 3])
def test_a_disk_that_takes_nothing_costs_the_file_and_not_the_words(tmp_path: Path, head: int) -> None:
    log = Log(tmp_path / "log", head=head)
    (tmp_path / "log").unlink()
    (tmp_path / "log").mkdir()
    log.add(b"...the end\n")
    log.close()
    assert log.last_words().endswith("the end")
