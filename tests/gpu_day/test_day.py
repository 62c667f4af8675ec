"""A day as a whole: its time is shared out, a step that fails stops no other, a second call does what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from benchmarks.gpu_day import __main__ as day
from benchmarks.gpu_day import packing, steps
from benchmarks.gpu_day.kept import Book, Kept
from benchmarks.gpu_day.running import Ended
from benchmarks.gpu_day.steps import NAMES, STEPS, Command, Day, Step, shares
from opbench.errors import MachineError


def scripted(tmp_path: Path, *programs: str) -> tuple[Step, ...]:
    """Steps of one command each: Python, run at the device and in a rehearsal alike."""

    def step(number: int, text: str) -> Step:
        words = (sys.executable, "-c", text, str(tmp_path / "runs"))
        return Step(f"s{number}", number + 1, "?", lambda _: (Command("c", words, words),))

    return tuple(step(number, text) for number, text in enumerate(programs))


NOTE = "import sys; open(sys.argv[1], 'a').write('{}'); print('said {}'); sys.exit({})"


def test_the_shares_as_written_are_nine_minutes() -> None:
    assert sum(step.share for step in STEPS) == 540


@pytest.mark.parametrize("seconds", [0.0, 1.0, 180.0, 540.0])
def test_the_shares_of_any_steps_are_the_whole_time(seconds: float) -> None:
    for number in range(len(STEPS)):
        assert sum(shares(STEPS[number:], seconds).values()) == pytest.approx(seconds)


def test_a_step_that_fails_stops_no_other_and_the_second_call_repeats_nothing(tmp_path: Path) -> None:
    book, of_day = Book(tmp_path / "out"), Day(tmp_path / "out")
    programs = [NOTE.format(name, name, code) for name, code in (("a", 0), ("b", 1), ("c", 3))]
    listed = scripted(tmp_path, *programs)
    codes = [kept.code for kept in day.run_day(book, of_day, listed, 600.0, again=False)]
    assert codes == [0, 1, 3]
    assert day.unfinished(book, listed, again=False) == ()
    assert day.run_day(book, of_day, listed, 600.0, again=False) == []
    assert (tmp_path / "runs").read_text() == "abc"
    day.run_day(book, of_day, listed[1:2], 600.0, again=True)
    assert (tmp_path / "runs").read_text() == "abcb"
    assert len(list((tmp_path / "out" / "logs").iterdir())) == 4  # those of earlier tries stay


def test_what_was_cut_or_lost_is_done_again_and_what_ended_is_not(tmp_path: Path) -> None:
    book = Book(tmp_path)
    listed = scripted(tmp_path, "a", "b", "c", "d")
    book.keep("s0", "c", (), Ended(0, "", 1.0, ""))
    book.keep("s1", "c", (), Ended(None, "not done within 9 s", 9.0, ""))
    (tmp_path / "commands" / "s2.c.json").write_text('{"step": "s2"')
    assert [step.name for step in day.unfinished(book, listed, again=False)] == ["s1", "s2", "s3"]


KILLED = """
import sys
from pathlib import Path
from benchmarks.gpu_day import __main__ as day
from benchmarks.gpu_day.kept import Book
from benchmarks.gpu_day.steps import Command, Day, Step
out, first, second, given = sys.argv[1:]
def step(name, text):
    words = (sys.executable, "-c", text, given)
    return Step(name, 1, "?", lambda _: (Command("c", words, words),))
book = Book(Path(out))
with book.held():
    day.run_day(book, Day(Path(out)), (step("s0", first), step("s1", second)), 600.0, again=False)
"""
WAITS = "import os, signal, sys; open(sys.argv[1] + '.fifo', 'w').write(str(os.getpid())); signal.pause()"


def test_a_day_that_is_killed_goes_on_where_it_was_and_leaves_no_process(tmp_path: Path) -> None:
    runs, out = tmp_path / "runs", tmp_path / "out"
    os.mkfifo(f"{runs}.fifo")
    words = [sys.executable, "-c", KILLED, str(out), NOTE.format("a", "a", 0), WAITS, str(runs)]
    killed = subprocess.Popen(words, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
    waiting = int(Path(f"{runs}.fifo").read_text())
    killed.kill()
    killed.wait()
    assert Path(f"/proc/{waiting}").exists()  # nobody ended it
    alone = f"import sys; from pathlib import Path; status = Path('/proc/{waiting}/stat')\n"
    alone += "assert not status.exists() or status.read_text().rpartition(')')[2].split()[0] == 'Z'\n"
    listed = scripted(tmp_path, NOTE.format("a", "a", 0), alone + NOTE.format("b", "b", 0))
    book = Book(out)
    with book.held():
        ended = day.run_day(book, Day(out), day.unfinished(book, listed, again=False), 600.0, again=False)
    assert [kept.step for kept in ended] == ["s1"]
    assert runs.read_text() == "ab"  # and b only where it was alone


def test_one_process_at_a_time_has_the_folder(tmp_path: Path) -> None:
    with Book(tmp_path).held(), pytest.raises(MachineError, match="another --out"), Book(tmp_path).held():
        pass
    with Book(tmp_path).held():
        pass


def test_a_step_is_asked_for_by_name_or_with_those_after_it() -> None:
    assert [step.name for step in day.chosen("gate", None)] == ["gate"]
    assert [step.name for step in day.chosen(None, "grid")] == ["grid", "gate", "sectors"]
    assert day.chosen(None, None) == STEPS


@pytest.mark.parametrize("words", [["--minutes", "0"], ["--only", "none"], ["--only", "gate", "--from", "gate"]])
def test_wrong_usage_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        day.arguments(words)
    assert exit_.value.code == 2
    assert capsys.readouterr().err


def test_what_is_packed_is_eight_files_at_most_and_holds_every_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(tmp_path)
    for number in range(11):
        run = tmp_path / "steps" / "grid" / f"sweep{number}" / "run"
        run.mkdir(parents=True)
        (run / "report.html").write_text("<p>")
        (run / "records.jsonl").write_text("{}\n" * number)
    monkeypatch.setattr(packing, "LARGEST_BYTES", 29)
    book.keep("gate", "same", ("x",), Ended(None, "not done within 9 s", 9.0, "recording"))
    for _ in range(2):
        folder = packing.pack(book)
    assert len(list(folder.iterdir())) == packing.MOST_FILES
    with tarfile.open(folder / "records.tar.gz") as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))
    assert "steps/grid/sweep9/run/records.jsonl" in names  # 27 bytes; those of sweep10 are 30
    text = (folder / "summary.txt").read_text()
    assert "gate same: not done within 9 s, 9 s: recording" in text
    assert "left out: steps/grid/sweep10/run/records.jsonl: 30 bytes" in text


def test_a_command_that_is_not_here_is_told_apart_from_one_that_fails() -> None:
    def line(code: int | None, why: str = "") -> str:
        return packing.line(Kept("s", "c", (), code, why, 2.0, ""))

    assert [line(0), line(3), line(1)] == ["s c: done, 2 s", "s c: not here, or too busy, 2 s", "s c: exit code 1, 2 s"]


def test_the_plan_names_every_step_its_share_and_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    day.main(["--plan", "--minutes", "9", "--out", "there"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines if not line.startswith(" ")] == list(NAMES)
    asked = sum(len(step.commands(Path("there"))) for step in steps.STEPS)
    assert sum(line.startswith(" ") for line in lines) == asked
