"""What is on disk survives: kills, torn lines, full disks, wrong folders."""

from __future__ import annotations

import errno
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from opbench.errors import MachineError, UsageError
from opbench.store.codec import from_line, to_line
from opbench.store.runs import Run, find_run, latest_run, new_run, newest_run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Contended, Failed, Measured, Mismatch, Outcome, Record, Unavailable
from opbench.vocabulary.work import Part, Work

NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
PASSED = Check(True, 9, 0, 1e-8, 1e-7, 1e-6, 0.0)
MISSED = Check(False, 9, 3, float("inf"), 1e-7, 1e-6, 0.0, "first at (0,): got nan, expected 1")
OUTCOMES: list[Outcome] = [
    Measured(PASSED, (1e-3, 2e-3), 5, "target", 0.5, 10, 0.01, 0.1, 7, 3, "busy", 5, ("odd",), {"load_s": 0.25}),
    Mismatch(MISSED),
    Unavailable("no compiler"),
    Contended("3 of 4 samples were preempted"),
    Failed("prepare", "RuntimeError: over"),
]


def record(outcome: Outcome, size: int = 1) -> Record:
    point = Point("op", Axes({"batch": 1, "size": size}), "bfloat16", mode="out")
    work = Work(1, 2, 3, 4, 5)
    counts, parts = {"fvcore": {"macs": 1}}, (Part("inner", Axes({"k": 2}), 3),)
    return Record(Case(point, "cpp:flat", 1), outcome, {"threads": 2}, "abc", "now", work, {"n": 3}, counts, parts)


def unsigned(outcome: Outcome) -> str:
    """The line of a record as it was before lines had a checksum."""
    return to_line(record(outcome)).partition(',"crc32"')[0] + "}"


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda one: type(one).__name__)
def test_a_record_survives_the_file(outcome: Outcome) -> None:
    assert from_line(to_line(record(outcome))) == record(outcome)


def test_contradictory_outcomes_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="passed check"):
        Measured(MISSED, (1.0,), 1, "target", 0, 0, 0, 0)
    with pytest.raises(ValueError, match="positive finite"):
        Measured(PASSED, (0.0,), 1, "target", 0, 0, 0, 0)
    with pytest.raises(ValueError, match="failed check"):
        Mismatch(PASSED)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not a complete record"),
        ('"text"', "not a complete record"),
        ('{"schema": 0}', "schema 0, this opbench reads schemas 1 and 2"),
        (unsigned(OUTCOMES[2]).replace('"reason"', '"raison"'), "bad field: outcome: .*`reason`"),
        (unsigned(OUTCOMES[0]).replace("0.001", "-1"), "bad field: outcome: .*positive finite"),
        (unsigned(OUTCOMES[0]).replace("0.001", "true"), r"bad field: outcome: .*float.*samples_s\[0\]"),
        (unsigned(OUTCOMES[0]).replace('"size":1', '"size":[1]'), "bad field: case: .*array"),
        (unsigned(OUTCOMES[0]).replace('"threads":2', '"threads":' + "[" * 99_999), "not a complete record"),
        (unsigned(OUTCOMES[0]).replace('"size":1', '"size":' + "1" * 5000), "5000 digits; expected one of 64 bits"),
        (unsigned(OUTCOMES[2]).replace("no compiler", "\\ud800"), "not a complete record"),
        (unsigned(OUTCOMES[2]).replace('"work":', '"labour":'), "bad field: 'work' is missing"),
        (to_line(record(OUTCOMES[2])).replace("no compiler", "a compiler"), "its checksum does not fit"),
    ],
)
def test_a_bad_line_is_named_with_place_and_field(line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        from_line(line, "records.jsonl:3")


def test_appended_records_come_back_in_order(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append([record(OUTCOMES[0], 1), record(OUTCOMES[1], 2)])
    run.append([record(OUTCOMES[2], 3)])
    assert [one.case.point.axes["size"] for one in run.records()] == [1, 2, 3]


def test_the_eleventh_run_within_a_second_is_the_newest(tmp_path: Path) -> None:
    runs = [new_run(tmp_path, "s", NOON) for _ in range(11)]
    assert len({run.folder for run in runs}) == 11
    assert latest_run(tmp_path, "s") == runs[-1]


def test_the_newest_run_is_the_same_in_every_time_zone(tmp_path: Path) -> None:
    tokyo = new_run(tmp_path, "s", NOON.astimezone(timezone(timedelta(hours=9))))
    newest = new_run(tmp_path, "s", NOON + timedelta(seconds=1))
    assert latest_run(tmp_path, "s") == newest
    assert tokyo.folder.name == "2026-01-01T12-00-00Z"


def test_a_run_named_after_local_time_is_as_old_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half past ten in Tokyo is half past one in UTC, before two."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        Run(tmp_path / "s" / "2026-01-01T10-30-00").write("records.jsonl", b"")
        newest = new_run(tmp_path, "s", NOON.replace(hour=2))
        assert latest_run(tmp_path, "s") == newest
    finally:
        monkeypatch.undo()
        time.tzset()


def test_folders_of_other_names_come_first(tmp_path: Path) -> None:
    newest = new_run(tmp_path, "s", NOON)
    for name in ("zzz", "2026-13-32T00-00-00Z", "0001-01-01T00-00-00"):
        Run(tmp_path / "s" / name).write("records.jsonl", b"")
    assert latest_run(tmp_path, "s") == newest


def test_a_second_record_of_a_case_is_refused_with_both_lines(tmp_path: Path) -> None:
    line = to_line(record(OUTCOMES[2])).encode()
    run = Run(tmp_path)
    run.records_file.write_bytes(line + to_line(record(OUTCOMES[2], 3)).encode() + line)
    with pytest.raises(UsageError, match=r"records\.jsonl:3: a second record of .* in line 1"):
        run.records()


def test_line_ends_of_other_systems_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append([record(one, size) for size, one in enumerate(OUTCOMES)])
    run.records_file.write_bytes(run.records_file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert [one.outcome for one in run.records()] == OUTCOMES


def test_a_torn_last_line_is_refused_by_readers(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append([record(one, size) for size, one in enumerate(OUTCOMES)])
    run.records_file.write_bytes(run.records_file.read_bytes()[:-30])
    with pytest.raises(UsageError, match=r"records\.jsonl:6: not a complete record .* --resume repairs it"):
        run.records()


def test_a_run_interrupted_before_its_first_record_is_the_one_to_resume(tmp_path: Path) -> None:
    new_run(tmp_path, "s", NOON.replace(hour=8)).append([record(OUTCOMES[2])])
    newest = new_run(tmp_path, "s", NOON)
    assert latest_run(tmp_path, "s") == newest
    assert newest.records() == []


def test_a_file_is_not_searched_for_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for search in (latest_run, find_run):
        with pytest.raises(UsageError, match="is a file; expected a folder"):
            search(tmp_path / "file", "s")


@pytest.mark.parametrize("below", ["", "deeper"])
def test_results_that_are_a_file_are_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="expected a folder"):
        new_run(tmp_path / "file" / below, "s", NOON)


def test_a_folder_that_cannot_be_written_is_a_machine_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(MachineError, match=r"Permission denied; choose another --results"):
        new_run(tmp_path, "s", NOON)


def test_runs_are_found_by_folder_by_sweep_and_by_name(tmp_path: Path) -> None:
    old, new = (new_run(tmp_path, "s", NOON.replace(hour=hour)) for hour in (8, 9))
    for run in (old, new):
        run.append([record(OUTCOMES[2])])
    assert find_run(tmp_path, "s") == latest_run(tmp_path, "s") == new
    assert find_run(tmp_path, f"s/{old.folder.name}") == old
    assert find_run(tmp_path, str(old.folder)) == old
    with pytest.raises(UsageError, match=new.folder.name):
        find_run(tmp_path, "t")


def test_the_newest_of_all_sweeps_is_the_one_that_began_last(tmp_path: Path) -> None:
    for sweep, hour in (("a", 9), ("s", 11), ("z", 10)):
        new_run(tmp_path, sweep, NOON.replace(hour=hour))
    assert newest_run(tmp_path) == Run(tmp_path / "s" / "2026-01-01T11-00-00Z")


def test_without_a_run_there_is_no_newest_one_and_in_a_file_none_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        newest_run(tmp_path)
    assert str(refused.value) == f"no run under {tmp_path}; `opbench sweep` makes one, or give its folder"
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file; expected a folder"):
        newest_run(tmp_path / "file")


def test_the_newest_run_that_is_wanted_is_taken(tmp_path: Path) -> None:
    old, new = (new_run(tmp_path, "s", NOON.replace(hour=hour)) for hour in (8, 9))
    assert latest_run(tmp_path, "s", lambda run: run == old) == old
    assert latest_run(tmp_path, "s", lambda _: True) == new
    with pytest.raises(UsageError, match="no run of 's'"):
        latest_run(tmp_path, "s", lambda _: False)


def test_there_is_nothing_to_resume_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to resume"):
        latest_run(tmp_path, "s")


def test_a_contended_case_may_be_tried_again_and_its_last_record_is_the_one(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append([record(Contended("busy")), record(OUTCOMES[2], 2)])
    with run.journal() as journal:
        assert journal.keys == {record(OUTCOMES[2], 2).case.key}
        journal.append([record(OUTCOMES[0])])
    assert [one.outcome for one in run.records()] == [OUTCOMES[0], OUTCOMES[2]]
    with pytest.raises(ValueError, match="is on record already"):
        run.append([record(Contended("busy"))])
