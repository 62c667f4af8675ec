"""Compilers end with the process that started them, however it ends and whatever groups they are in."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from impls.build_guard import guarded

ROOT = Path(__file__).parents[2]

HOPELESS_S = 60
"""After so long a compiler that lives will live on."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who works where")

COMPILER = """#!/bin/sh
# Like ninja: a job in a session of its own, which outlives its parent. All hold the pipe open.
exec 9>"$PIPE"
setsid sh -c 'echo job >&9; read never <"$NEVER"' &
echo driver >&9
read never <"$NEVER"
"""


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that never ends; whoever reads the pipe it writes to reads to the end once all of it is dead."""
    for name in ("PIPE", "NEVER"):
        os.mkfifo(tmp_path / name)
        monkeypatch.setenv(name, str(tmp_path / name))
    file = tmp_path / "cc"
    file.write_text(COMPILER)
    file.chmod(0o755)
    return file


BUILDER = """
import sys
from pathlib import Path
from impls.build_guard import guarded
from impls.cxx import compile_with
folder = Path(sys.argv[1])
with guarded(folder):
    compile_with("one", [], folder)
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_no_compiler_outlives_its_builder(compiler: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "build").mkdir()
    command = [sys.executable, "-c", BUILDER, str(tmp_path / "build")]
    environment = os.environ | {"CXX": str(compiler)}
    with (
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as builder,
        (tmp_path / "PIPE").open() as alive,
    ):
        assert {alive.readline(), alive.readline()} == {"job\n", "driver\n"}
        builder.send_signal(getattr(signal, name))
        ended, _, _ = select.select([alive], [], [], HOPELESS_S)
        with (tmp_path / "NEVER").open("r+b", buffering=0) as released:  # those that live on, if any
            released.write(b"\n\n")
            assert ended
            assert alive.read() == ""


def test_a_build_that_fails_leaves_no_compiler(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], cwd=tmp_path, stdin=subprocess.PIPE) as compiling:
        with pytest.raises(ZeroDivisionError), guarded(tmp_path):
            raise ZeroDivisionError
        assert compiling.wait(HOPELESS_S) == -signal.SIGKILL


def test_what_works_elsewhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build-2").mkdir()
    with subprocess.Popen(["cat"], cwd=tmp_path / "build-2", stdin=subprocess.PIPE) as other:
        with pytest.raises(ZeroDivisionError), guarded(tmp_path / "build"):
            raise ZeroDivisionError
        assert other.poll() is None
        assert other.stdin is not None
        other.stdin.close()
        assert other.wait() == 0


def test_a_build_that_ends_well_kills_nobody(tmp_path: Path) -> None:
    with guarded(tmp_path), subprocess.Popen(["cat"], cwd=tmp_path, stdin=subprocess.PIPE) as other:
        pass
    assert other.returncode == 0
