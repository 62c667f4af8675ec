"""What a user is told of a file of records that cannot be gone on with."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.store import journal
from opbench.store.codec import to_line
from opbench.store.runs import RECORDS, Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable


def line(size: int) -> bytes:
    case = Case(Point("op", Axes({"size": size})), "cpp")
    return to_line(Record(case, Unavailable("no compiler"), {}, "abc", "now")).encode()


def opened(folder: Path, content: bytes) -> journal.Journal:
    (folder / RECORDS).write_bytes(content)
    with Run(folder).journal() as found:
        return found


def test_a_line_before_the_last_that_is_no_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"^{tmp_path}/records\.jsonl:2: not a complete record"):
        opened(tmp_path, line(1) + b"{\n" + line(3))
    assert (tmp_path / RECORDS).read_bytes() == line(1) + b"{\n" + line(3), "nothing of it was touched"


@pytest.mark.parametrize(
    ("content", "left", "says"),
    [
        (b"", b"", ""),
        (line(1), line(1), ""),
        (line(1) + line(2)[:-1], line(1) + line(2), "ended its last line, which lacked nothing else"),
        (line(1) + line(2)[:-2], line(1), "cut off an incomplete last line; its case is measured again"),
        (line(1)[:1], b"", "cut off an incomplete last line; its case is measured again"),
        (line(1) + b"  ", line(1), "cut off an incomplete last line; its case is measured again"),
    ],
)
def test_what_was_mended_is_told_with_the_files_name(tmp_path: Path, content: bytes, left: bytes, says: str) -> None:
    assert opened(tmp_path, content).repaired == (f"{tmp_path / RECORDS}: {says}" if says else "")
    assert (tmp_path / RECORDS).read_bytes() == left


@pytest.mark.parametrize("end", [b"", b"{"])
def test_a_disk_that_takes_no_repair_is_named(tmp_path: Path, end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "ftruncate", refuses)
    monkeypatch.setattr(os, "write", refuses)
    content = line(1)[:-1] if not end else line(1) + end
    with pytest.raises(MachineError, match=rf"^cannot repair {tmp_path}/records\.jsonl: No space left on device$"):
        opened(tmp_path, content)


def test_a_disk_that_takes_neither_a_record_nor_its_removal_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    case = Case(Point("op", Axes({"size": 1})), "cpp")
    with Run(tmp_path).journal() as found:
        monkeypatch.setattr(os, "ftruncate", refuses)
        monkeypatch.setattr(os, "write", refuses)
        with pytest.raises(
            MachineError, match=rf"^cannot write {tmp_path}/records\.jsonl: Input/output error; --resume"
        ):
            found.append([Record(case, Unavailable("no compiler"), {}, "abc", "now")])


def test_of_all_locks_the_one_of_this_file_names_the_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    with run.journal():
        inode = run.records_file.stat().st_ino
        locks = [
            f"1: FLOCK  ADVISORY  WRITE 11 fe:00:{inode}1 0 EOF",
            f"2: POSIX  ADVISORY  WRITE 12 fe:00:{inode} 0 EOF",
            f"3: FLOCK  ADVISORY  WRITE 13 fe:00:{inode} 0 EOF",
        ]
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "\n".join(locks))
        with pytest.raises(MachineError, match="is being written by process 13: "):
            run.append([])


def test_a_holder_that_the_kernel_does_not_tell_is_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path)
    with run.journal():
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "1: POSIX  ADVISORY  WRITE 7 00:00:0 0 EOF\n")
        with pytest.raises(MachineError, match=f"^{tmp_path} is being written by another process: let it end, or end"):
            run.append([])
