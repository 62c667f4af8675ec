"""A library comes into the cache whole or not at all, and dead builds leave nothing for long."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from impls import build_place
from impls.build_place import built, put_in_place, whole
from opbench.errors import MachineError

ROOT = Path(__file__).parents[2]


def make(fresh: Path) -> None:
    fresh.write_bytes(b"library")


def test_a_library_is_whole_once_built_and_is_not_built_again(tmp_path: Path) -> None:
    library = tmp_path / "cache" / "one.so"
    made: list[str] = []

    def counted(fresh: Path) -> None:
        made.append(fresh.name)
        make(fresh)

    for _ in range(2):
        built("one", library, counted)
    assert made == ["one.so"]
    assert whole(library)
    assert {file.name for file in library.parent.iterdir()} == {"one.so", "one.so.sha256"}


def test_a_damaged_library_is_built_anew_and_said_once(tmp_path: Path) -> None:
    library = tmp_path / "one.so"
    built("one", library, make)
    os.truncate(library, 3)
    assert not whole(library)
    with pytest.warns(RuntimeWarning, match=r"one.so was damaged and is built anew: .*3 bytes, 7 when built"):
        built("one", library, make)
    assert whole(library)
    assert library.read_bytes() == b"library"
    built("one", library, make)  # warnings are errors here


def test_a_build_killed_before_its_seal_is_built_anew_without_a_word(tmp_path: Path) -> None:
    library = tmp_path / "one.so"
    library.write_bytes(b"libr")
    built("one", library, make)
    assert library.read_bytes() == b"library"


def test_a_compiler_works_in_an_absolute_folder_wherever_the_cache_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with put_in_place("one", Path("cache/one.so")) as fresh:
        assert fresh.is_absolute()
        make(fresh)
    assert whole(Path("cache/one.so"))


def test_a_full_disk_leaves_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(build_place, "sync_file", full)
    with pytest.raises(MachineError, match=r"cannot build one in .*No space left on device; set OPBENCH_CACHE"):
        built("one", tmp_path / "one.so", make)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_goes_at_the_next_and_a_living_ones_folder_stays(tmp_path: Path) -> None:
    """A builder that kills itself half-way, as from outside: nothing of its own cleans up."""
    code = (
        "import os, pathlib, sys\n"
        "from impls.build_place import put_in_place\n"
        "with put_in_place('one', pathlib.Path(sys.argv[1])) as fresh:\n"
        "    fresh.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    dead = subprocess.run([sys.executable, "-c", code, str(tmp_path / "one.so")], cwd=ROOT, check=False)
    assert dead.returncode == -9
    (left,) = tmp_path.iterdir()
    assert [file.name for file in left.iterdir()] == ["one.so"]
    with put_in_place("two", tmp_path / "two.so") as living:
        assert not left.exists()
        with put_in_place("three", tmp_path / "three.so") as fresh:
            make(fresh)
        assert living.parent.exists()
        make(living)


def test_a_folder_swept_between_its_making_and_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    swept: list[Path] = []

    def late(handle: int, how: int) -> None:
        if how == fcntl.LOCK_EX and not swept:
            swept.append(Path(f"/proc/self/fd/{handle}").readlink())
            build_place._sweep(tmp_path)
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    folder, handle = build_place._locked_folder("one", tmp_path)
    os.close(handle)
    assert folder.is_dir()
    assert not swept[0].exists()
