"""A run's records while they are written: one writer, each case once, nothing lost, torn or doubled."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opbench.errors import MachineError
from opbench.store.codec import to_line
from opbench.store.environment_lines import to_lines
from opbench.store.record_file import RecordFile
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable


def record(size: int, reason: str = "no compiler") -> Record:
    case = Case(Point("op", Axes({"size": size})), "cpp")
    return Record(case, Unavailable(reason), {"threads": 2}, "abc", "now")


def lines(*sizes: int) -> bytes:
    return to_lines([record(size) for size in sizes])[0].encode()


def sizes(run: Run) -> list[int]:
    return [one.case.point.axes["size"] for one in run.records()]


def test_records_of_several_openings_follow_each_other(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.journal() as journal:
        journal.append([record(1), record(2)])
        journal.append([])
    with run.journal() as journal:
        assert journal.keys == {record(1).case.key, record(2).case.key}
        journal.append([record(3)])
    assert sizes(run) == [1, 2, 3]


def test_a_listing_holds_until_something_is_appended(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append([record(1)])
    with run.journal() as journal:
        journal.append([])
        assert journal.listing is not None
        assert list(RecordFile.of(run.records_file, journal.listing)) == [record(1)]
        journal.append([record(2)])
        assert journal.listing is None


def test_a_second_writer_is_refused_and_told_whom_to_wait_for(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.journal(), pytest.raises(MachineError, match=f"is being written by process {os.getpid()}: let it end"):
        run.append([record(1)])
    run.append([record(1)])
    assert sizes(run) == [1]


def test_a_killed_writer_locks_nobody_out(tmp_path: Path) -> None:
    script = "import sys; from opbench.store.runs import *\n"
    script += "with Run(Path(sys.argv[1])).journal(): print(flush=True); input()"
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "\n"
        with pytest.raises(MachineError, match=f"process {holder.pid}"):
            Run(tmp_path).append([record(1)])
        holder.kill()
    Run(tmp_path).append([record(1)])


def test_a_case_on_record_is_not_written_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append([record(1)])
    with run.journal() as journal:
        for twice in ([record(1, "another")], [record(2), record(2)]):
            with pytest.raises(ValueError, match="is on record already"):
                journal.append(twice)
    assert run.records_file.read_bytes() == lines(1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("torn", [2, 30, 100])
def test_a_torn_last_line_is_cut_off_and_nothing_else(tmp_path: Path, torn: int, end: bytes) -> None:
    run = Run(tmp_path)
    run.records_file.write_bytes(lines(1, 2, 3)[:-torn].replace(b"\n", end))
    with run.journal() as journal:
        assert "incomplete last line" in journal.repaired
    assert sizes(run) == [1, 2]
    with run.journal() as journal:
        assert journal.repaired == ""


def test_a_line_torn_inside_a_character_is_cut_off(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.records_file.write_bytes(lines(1) + '{"schema":1,"case":"µ'.encode()[:-1])
    with run.journal() as journal:
        journal.append([record(2)])
    assert sizes(run) == [1, 2]


def test_a_whole_record_that_lacks_only_its_line_end_is_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.records_file.write_bytes(lines(1)[:-1])
    with run.journal() as journal:
        assert "ended its last line" in journal.repaired
        journal.append([record(2)])
    assert sizes(run) == [1, 2]


def test_so_is_one_of_before_lines_had_a_seal_and_half_of_it_is_not(tmp_path: Path) -> None:
    whole = to_line(record(1)).partition(',"crc32"')[0] + "}"
    for number, (text, kept) in enumerate(((whole, [1, 2]), (whole[:-1], [2]))):
        (tmp_path / str(number)).mkdir()
        run = Run(tmp_path / str(number))
        run.records_file.write_text(text)
        with run.journal() as journal:
            journal.append([record(2)])
        assert sizes(run) == kept


def test_a_file_removed_under_a_run_is_put_back(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.journal() as journal:
        journal.append([record(1), record(2)])
        run.records_file.unlink()
        with pytest.raises(MachineError, match=r"was removed while .*; put back with its 2 records; --resume goes on"):
            journal.append([record(3)])
    assert sizes(run) == [1, 2]


def test_a_folder_removed_under_a_run_is_said_to_have_taken_its_records(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    with run.journal() as journal:
        journal.append([record(1)])
        run.records_file.unlink()
        run.folder.rmdir()
        with pytest.raises(MachineError, match=r"cannot be put back .* 1 records are lost"):
            journal.append([record(2)])


def test_a_file_replaced_or_written_under_a_run_stops_it(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.journal() as journal:
        run.records_file.rename(tmp_path / "old")
        run.records_file.write_bytes(lines(7))
        with pytest.raises(MachineError, match="was replaced by another file"):
            journal.append([record(1)])
    with run.journal() as journal:
        with run.records_file.open("ab") as file:
            file.write(lines(8))
        with pytest.raises(MachineError, match=r"was changed while this run was writing it: .* bytes where"):
            journal.append([record(9)])
    assert sizes(run) == [7, 8]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(lines(1))
    (tmp_path / "records.jsonl").symlink_to(tmp_path / "mine")
    with pytest.raises(MachineError, match=r"cannot write .*records\.jsonl"):
        Run(tmp_path).append([record(2)])
    assert (tmp_path / "mine").read_bytes() == lines(1)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    run.append([record(1)])
    real = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[:-99])

    with run.journal() as journal:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            with pytest.raises(MachineError, match=r"No space left.*--resume"):
                journal.append([record(2)])
        assert run.records_file.read_bytes() == lines(1)
        journal.append([record(2)])
    assert sizes(run) == [1, 2]
