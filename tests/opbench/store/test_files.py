"""A file is there whole or not at all, and a failed write leaves what was there before."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from opbench.store.files import sync_file, sync_folder, write_whole


@pytest.mark.parametrize("size", [0, 1, 4097])
def test_a_file_holds_what_was_written_and_has_no_company(tmp_path: Path, size: int) -> None:
    file = tmp_path / "new" / "folder" / "data"
    write_whole(file, bytes(size))
    write_whole(file, b"x" * size)
    assert file.read_bytes() == b"x" * size
    assert list(file.parent.iterdir()) == [file]


def test_the_longest_name_there_can_be_is_written(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    write_whole(file, b"1")
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_is_replaced_and_what_it_points_at_stays(tmp_path: Path) -> None:
    elsewhere, file = tmp_path / "elsewhere", tmp_path / "data"
    elsewhere.write_bytes(b"precious")
    file.symlink_to(elsewhere)
    write_whole(file, b"new")
    assert elsewhere.read_bytes() == b"precious"
    assert not file.is_symlink()
    assert file.read_bytes() == b"new"


def test_others_may_read_it_as_they_may_any_fresh_file(tmp_path: Path) -> None:
    (tmp_path / "fresh").touch()
    write_whole(tmp_path / "data", b"")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_keeps_the_file_before_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "data"
    write_whole(file, b"before")
    with monkeypatch.context() as patched:
        patched.setattr(Path if step == "replace" else os, step, full)
        with pytest.raises(OSError, match="No space left"):
            write_whole(file, b"after")
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_in_its_place_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(OSError, match="data"):
        write_whole(tmp_path / "data", b"")
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_the_data_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def syncing(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"{os.fstat(handle).st_size} bytes")
        sync(handle)

    def renaming(part: Path, target: Path) -> Path:
        steps.append("name")
        return replace(part, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Path, "replace", renaming)
    write_whole(tmp_path / "data", b"abc")
    assert steps == ["3 bytes", "name", "folder"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_a_file_system_that_cannot_sync_folders_keeps_no_file_back(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int) -> None:
        raise OSError(number, "as FUSE says it")

    monkeypatch.setattr(os, "fsync", refused)
    sync_folder(tmp_path)
    with pytest.raises(OSError, match="as FUSE says it"):  # of a file it is an error all the same
        write_whole(tmp_path / "data", b"1")
    (tmp_path / "another's").write_bytes(b"2")
    with pytest.raises(OSError, match="as FUSE says it"):
        sync_file(tmp_path / "another's")


def test_a_disk_that_fails_when_a_folder_is_synced_is_an_error_and_no_handle_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []

    def failing(handle: int) -> None:
        synced.append(handle)
        raise OSError(errno.EIO, "the disk")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="the disk"):
        sync_folder(tmp_path)
    (handle,) = synced
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)
