"""What a run looks like while it is written, once it is over, and after its writer died."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opbench.errors import UsageError
from opbench.live.picture import ELSEWHERE, ENDED, FINISHED, RUNNING
from opbench.live.watch import LATEST, SLOWEST, Watch
from opbench.store import journal
from opbench.store.runs import Run
from opbench.vocabulary.record import Check, Contended, Failed, Mismatch, Unavailable
from tests.reports.builders import measured
from tests.rows import rows

from .conftest import BEGAN_S, Growing, case

WRONG = Mismatch(Check(False, 9, 3, 1.0, 1.0, 0.0, 0.0, "first at (0,)"))


def test_a_run_that_has_begun_is_running_and_left_is_what_it_was_said_to_take(growing: Growing) -> None:
    growing.begin(cases=7, expected_s=60)
    found = growing.look(at_s=13).progress
    assert (found.state, found.done, found.total) == (RUNNING, 0, 7)
    assert (found.elapsed_s, found.left_s, found.since_s) == (13, 47, None)
    assert growing.look(at_s=100).progress.left_s == 0


def test_left_is_reckoned_from_when_the_first_case_began(growing: Growing) -> None:
    """Half a minute of compiling, then two cases in twenty seconds; five are left, and three seconds have passed."""
    growing.begin(cases=7)
    growing.add(case(3, started_s=30), case(5, started_s=40), at_s=50)
    found = growing.look(at_s=53).progress
    assert (found.done, found.left_s, found.since_s) == (2, 5 * 10 - 3, 3)


def test_a_resumed_run_counts_what_was_there_and_reckons_from_its_own(growing: Growing) -> None:
    growing.add(case(3), case(5), case(7, Contended("busy")), at_s=1)
    growing.begin(cases=5, before=2, now_s=1000)
    growing.add(case(7, started_s=1000), at_s=1010)
    found = growing.look(at_s=1010)
    assert (found.progress.done, found.progress.left_s, found.progress.elapsed_s) == (3, 20, 10)
    assert (found.marked, found.counts, found.contended) == (0, {"measured": 3}, [])


def test_a_run_is_finished_with_its_last_case_and_its_time_stands_still(growing: Growing) -> None:
    growing.begin(cases=1)
    growing.add(case(3), at_s=9)
    for ended in (False, True):
        if ended:
            growing.end()
        found = growing.look(at_s=500).progress
        assert (found.state, found.over, found.left_s, found.elapsed_s) == (FINISHED, True, None, 9)


def test_a_run_whose_writer_died_says_so(growing: Growing) -> None:
    growing.begin(cases=3)
    growing.add(case(3), at_s=9)
    assert growing.look().progress.state == RUNNING
    growing.end()
    found = growing.look(at_s=500).progress
    assert (found.state, found.over, found.left_s) == (ENDED, True, None)


def test_a_run_of_another_host_is_neither_running_nor_over(growing: Growing, monkeypatch: pytest.MonkeyPatch) -> None:
    growing.begin(cases=3)
    growing.end()
    monkeypatch.setattr(Watch, "HOST", "another")
    found = growing.look(at_s=20).progress
    assert (found.state, found.over, found.left_s) == (ELSEWHERE, False, 40)


def test_where_the_kernel_lists_no_locks_nobody_is_said_to_be_dead(
    growing: Growing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    growing.begin(cases=3)
    monkeypatch.setattr(journal, "LOCKS", tmp_path / "none")
    assert growing.look().progress.state == ELSEWHERE


def test_a_run_that_kept_no_progress_is_over_when_nobody_writes_it(growing: Growing) -> None:
    growing.add(case(3))
    found = growing.look().progress
    assert (found.state, found.total, found.left_s) == (RUNNING, None, None)
    growing.end()
    assert growing.look().progress.state == ENDED
    os.utime(growing.run.write("report.html", b"page"), (BEGAN_S + 1,) * 2)
    assert growing.look().progress.state == FINISHED


def test_the_report_is_told_once_it_is_no_older_than_the_records(growing: Growing) -> None:
    growing.begin(cases=2)
    growing.add(case(3), at_s=5)
    page = growing.run.write("report.html", b"page")
    for page_s, told in ((4, None), (5, page)):
        os.utime(page, (BEGAN_S + page_s,) * 2)
        assert growing.look().report == told


def test_what_failed_is_wrong_or_was_disturbed_is_counted_and_listed(growing: Growing) -> None:
    growing.begin(cases=9)
    growing.add(
        *(case(3, WRONG), case(5, Failed("prepare", "no")), case(7, Contended("busy"))),
        *(case(11, Unavailable("no compiler")), case(13)),
    )
    found = growing.look()
    assert found.counts == {"mismatch": 1, "failed": 1, "contended": 1, "unavailable": 1, "measured": 1}
    assert (found.wrong, found.marked) == (2, 1)
    assert [row.kind for row in found.failures] == ["failed", "mismatch"]
    assert [row.words for row in found.contended] == ["CONTENDED: busy"]


def test_the_slowest_come_first_with_their_factor_over_the_quickest_of_their_point(growing: Growing) -> None:
    growing.begin(cases=99)
    growing.add(case(3, measured(4e-3), "slow"), case(3, measured(1e-3), "quick"))
    growing.add(*(case(size, measured(1e-3 * size), "only") for size in range(5, 5 + SLOWEST)))
    found = growing.look().slowest
    assert [(slow.row.record.case.label, round(slow.times, 9)) for slow in found[-1:]] == [("only", 1.0)]
    assert [slow.median_s for slow in found] == sorted((slow.median_s for slow in found), reverse=True)
    assert len(found) == SLOWEST
    growing.add(case(3, measured(0.1), "slower"))
    assert round(growing.look().slowest[0].times) == 100


def test_of_many_rows_the_last_are_kept_newest_first(growing: Growing) -> None:
    growing.begin(cases=999)
    growing.add(*(case(size) for size in range(1, LATEST + 8)))
    found = growing.look()
    sizes = [row.record.case.point.axes["channels"] for row in found.latest]
    assert sizes == list(range(LATEST + 7, 7, -1))
    assert found.rows == LATEST + 7


def test_looking_changes_nothing_and_a_writer_is_not_kept_out(growing: Growing) -> None:
    growing.begin(cases=2)
    growing.add(case(3))
    before = {file.name: file.read_bytes() for file in growing.run.folder.iterdir()}
    growing.look()
    growing.end()
    growing.look()
    assert {file.name: file.read_bytes() for file in growing.run.folder.iterdir()} == before
    with growing.run.journal() as journal:
        growing.look()
        journal.append([case(5)])
    assert growing.look().progress.done == 2


def test_a_run_that_was_replaced_is_read_anew(growing: Growing) -> None:
    growing.add(case(3), case(5))
    assert growing.look().rows == 2
    growing.end()
    growing.run.records_file.unlink()
    growing.run.append([case(7)])
    found = growing.look()
    assert (found.rows, len(found.latest), found.counts) == (1, 1, {"measured": 1})


@rows("text", [b"{", b"[]", b'{"cases": -1}', b"\xff", b'{"cases":"3"}'])
def test_progress_that_is_none_is_refused(growing: Growing, text: bytes) -> None:
    (growing.run.folder / "progress.json").write_bytes(text)
    with pytest.raises(UsageError, match=r"progress\.json is not as a sweep writes it .*; remove it"):
        growing.look()


def test_a_folder_without_records_is_a_run_that_ended(tmp_path: Path) -> None:
    assert Watch(Run(tmp_path)).look(0).progress.state == ENDED
