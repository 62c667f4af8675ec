"""One run at a time: the others wait, say for whom, and give up; a holder that is killed holds nothing."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.errors import MachineError
from opbench.store import lock
from opbench.store.lock import FOLDER, exclusive, lock_name, measuring, measuring_on


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(FOLDER)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_locks_may_have_a_folder_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").mkdir()
    monkeypatch.setenv(FOLDER, str(tmp_path / "locks"))
    take(Waiting())
    assert (tmp_path / "locks" / "opbench-cpu.lock").exists()
    assert not (tmp_path / "opbench-cpu.lock").exists()


def test_whatever_measures_on_a_device_excludes_the_rest_and_need_not_wait(folder: Path) -> None:
    held, told = hold(folder / "opbench-cpu.lock"), list[str]()
    with (
        pytest.raises(MachineError, match=r"^not waiting for .*, measuring on cpu"),
        measuring("cpu", told.append, False),
    ):
        pytest.fail("measured beside another")
    os.close(held)
    with measuring("cpu", told.append, False), pytest.raises(MachineError), measuring("cpu", told.append, False):
        pytest.fail("measured beside another")
    assert told == []


def test_a_measurement_waits_for_an_hour_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    @contextmanager
    def noted(name: str, _tell: object, *, wait_s: float) -> Iterator[None]:
        asked.append((name, wait_s))
        yield

    monkeypatch.setattr(lock, "exclusive", noted)
    for wait in (True, False):
        with measuring("cpu:0-3", pytest.fail, wait):
            pass
    assert asked == [("cpu", 3600.0), ("cpu", 0.0)]


class Waiting:
    """A clock that only sleeping moves, and what was told; `then` happens in the second sleep."""

    def __init__(self, then: int | None = None) -> None:
        self.now_s, self.told, self.held = 0.0, list[str](), then

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.held is not None and self.now_s >= 2:
            os.close(self.held)
            self.held = None

    def clock(self) -> float:
        return self.now_s


def take(waiting: Waiting, name: str = "cpu", doing: str | None = None, wait_s: float = 600) -> None:
    with exclusive(name, waiting.told.append, doing=doing, wait_s=wait_s, clock=waiting.clock, sleep=waiting.sleep):
        pass


def hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_a_free_lock_is_taken_in_silence_again_and_again() -> None:
    waiting = Waiting()
    take(waiting)
    take(waiting)
    assert waiting.told == []
    assert waiting.now_s == 0


def test_a_second_run_waits_until_the_first_ends_and_says_once_for_whom(folder: Path) -> None:
    waiting = Waiting(hold(folder / "opbench-cpu.lock"))
    (folder / "opbench-cpu.lock").write_text("123 12:03")
    take(waiting)
    assert waiting.told == ["waiting for process 123, measuring on cpu since 12:03"]
    assert waiting.now_s == 2


def test_a_wait_has_an_end(folder: Path) -> None:
    waiting = Waiting()
    with exclusive("cpu", waiting.told.append), pytest.raises(MachineError) as caught:
        take(waiting, wait_s=5)
    holder = rf"process {os.getpid()}, measuring on cpu since \d\d:\d\d"
    assert re.fullmatch(rf"waited 5 s for {holder}: let it end, or end it, and start again", str(caught.value))
    assert waiting.now_s == 5
    assert len(waiting.told) == 1


def test_a_holder_that_has_not_yet_said_who_it_is_is_waited_for_too(folder: Path) -> None:
    waiting = Waiting(hold(folder / "opbench-repository-1.lock"))
    take(waiting, "repository-1", doing="gating this repository")
    assert waiting.told == ["waiting for another process, gating this repository"]


def test_the_name_of_an_earlier_holder_is_gone(folder: Path) -> None:
    (folder / "opbench-cpu.lock").write_text("123456789012345 12:03")
    with exclusive("cpu", print):
        assert re.fullmatch(rf"{os.getpid()} \d\d:\d\d", (folder / "opbench-cpu.lock").read_text())


def test_locks_of_other_names_are_free() -> None:
    waiting = Waiting()
    with exclusive("cpu", waiting.told.append):
        take(waiting, "GPU-1")
    assert waiting.told == []


def test_a_run_that_fails_frees_the_lock() -> None:
    waiting = Waiting()
    with pytest.raises(KeyboardInterrupt), exclusive("cpu", waiting.told.append):
        raise KeyboardInterrupt
    take(waiting)
    assert waiting.told == []


def test_a_killed_holder_holds_nothing(folder: Path) -> None:
    script = "import fcntl, sys; fcntl.flock(f := open(sys.argv[1], 'w'), fcntl.LOCK_EX); print(flush=True); input()"
    command = [sys.executable, "-I", "-S", "-c", script, str(folder / "opbench-cpu.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "\n"
        with pytest.raises(MachineError, match="not waiting for another process"):
            take(Waiting(), wait_s=0)
        holder.kill()
    waiting = Waiting()
    take(waiting)
    assert waiting.told == []


def test_what_the_holder_starts_does_not_hold_the_lock_after_it() -> None:
    command = [sys.executable, "-I", "-S", "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with exclusive("cpu", print):
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"\n"  # the kernel lets go of the file at some moment of the start
        take(Waiting(), wait_s=0)


def test_all_users_may_open_the_file_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        take(Waiting())
    finally:
        os.umask(before)
    assert (folder / "opbench-cpu.lock").stat().st_mode & 0o777 == 0o666


def test_a_file_that_is_there_is_opened_without_creating(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "opbench-cpu.lock").touch()
    flags: list[int] = []
    plain = os.open

    def noted(path: Path, flag: int) -> int:
        flags.append(flag)
        return plain(path, flag)

    monkeypatch.setattr(os, "open", noted)
    take(Waiting())
    assert flags
    assert not any(flag & os.O_CREAT for flag in flags)


def test_a_link_planted_in_its_place_is_refused_and_not_written_through(folder: Path) -> None:
    (folder / "mine").write_text("mine")
    (folder / "opbench-cpu.lock").symlink_to(folder / "mine")
    with pytest.raises(MachineError, match=r"cannot open the lock .*opbench-cpu\.lock"):
        take(Waiting())
    assert (folder / "mine").read_text() == "mine"


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch with two devices, the second of which is the current one."""
    uuids = {0: "aaaa", 1: "bbbb"}
    cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        current_device=lambda: 1,
        get_device_properties=lambda number: SimpleNamespace(uuid=uuids[number]),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))


@pytest.mark.usefixtures("two_gpus")
def test_each_physical_device_has_one_lock_however_it_is_named(folder: Path) -> None:
    assert [lock_name(device) for device in ("cpu", "cpu:0", "cpu:2-3")] == ["cpu"] * 3
    assert [lock_name(device) for device in ("cuda", "cuda:1", "cuda:0")] == ["GPU-bbbb", "GPU-bbbb", "GPU-aaaa"]
    with (
        measuring_on(["cuda:1", "cuda:0", "cpu"], print, False),
        pytest.raises(MachineError, match="measuring on GPU-bbbb since"),
        measuring("cuda", print, False),
    ):
        pytest.fail("measured beside another")
    assert {file.name for file in folder.iterdir()} >= {"opbench-GPU-aaaa.lock", "opbench-GPU-bbbb.lock"}


@pytest.mark.usefixtures("two_gpus")
def test_several_devices_are_locked_in_one_order_and_all_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    plain = lock.exclusive

    def noted(name: str, *given: Any, **named: Any) -> Any:
        taken.append(name)
        return plain(name, *given, **named)

    monkeypatch.setattr(lock, "exclusive", noted)
    for devices in (["cuda:0", "cuda:1"], ["cuda:1", "cuda:0", "cuda"]):
        with measuring_on(devices, print, False):
            assert taken == ["GPU-aaaa", "GPU-bbbb"]
        taken.clear()
    with measuring("cuda:1", print), pytest.raises(MachineError), measuring_on(["cuda:0", "cuda:1"], print, False):
        pytest.fail("measured beside another")
    with measuring("cuda:0", print, False):  # which was taken first, and let go
        pass


@pytest.mark.usefixtures("two_gpus")
def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(MachineError, match=r"no device cuda:2 here; there are: cuda:0, cuda:1"):
        lock_name("cuda:2")
