"""What a person sees: every case once, its outcome in words, on a terminal and when piped."""

from __future__ import annotations

import io

import pytest

from opbench.cli.late_progress import LateProgress
from opbench.cli.progress import Bar, Lines, Reporter, clock_time, in_words, reporter, short_time
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Failed, Measured, Mismatch, Outcome, Record, Unavailable

PASSED = Check(True, 9, 0, 0.0, 0.0, 0.0, 0.0)
MISSED = Check(False, 9, 3, 1.0, 1.0, 0.0, 0.0, "first at (0,): got nan, expected 1")
GOOD = Measured(PASSED, (2e-5,) * 20, 50, "target", 0.1, 1, 0.1, 0.1)


def record(outcome: Outcome) -> Record:
    return Record(Case(Point("op", Axes({"batch": 1, "channels": 16})), "cpp"), outcome, {}, "r", "t")


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (GOOD, "20 us +-0.0 % (20 samples, target)"),
        (Mismatch(MISSED), "MISMATCH: 3 of 9 elements; first at (0,): got nan, expected 1"),
        (Failed("prepare", "RuntimeError: no"), "FAILED in prepare: RuntimeError: no"),
        (Unavailable("no compiler"), "unavailable: no compiler"),
    ],
)
def test_an_outcome_in_words(outcome: Outcome, says: str) -> None:
    assert in_words(outcome) == says


def test_piped_progress_is_one_line_a_case_with_count_and_latency() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.start(total=3, done=1)
    lines.finished(record(GOOD))
    lines.finished(record(Unavailable("no compiler")))
    first, second, third = stream.getvalue().splitlines()
    assert first == "3 cases, 1 already on record"
    assert second.startswith("[2/3, ")
    assert "20 us" in second
    assert third.startswith("[3/3, ")


def test_what_is_left_is_reckoned_from_the_first_case_on() -> None:
    """Compiling ahead took a minute, two cases ten seconds each."""
    stream, times = io.StringIO(), iter([0.0, 60.0, 70.0, 80.0])
    lines, done = Lines(stream, lambda: next(times)), record(GOOD)
    lines.start(total=5, done=1)
    lines.step(done.case.point, "prepare", "cpp", None)
    lines.finished(done)
    lines.step(done.case.point, "prepare", "cpp", None)
    lines.finished(done)
    assert "[2/5, 1:10 elapsed, 0:30 left]" in stream.getvalue()
    assert "[3/5, 1:20 elapsed, 0:20 left]" in stream.getvalue()


@pytest.mark.parametrize(("total", "says"), [(1, "1 case"), (0, "0 cases"), (2, "2 cases")])
def test_one_case_is_not_several(total: int, says: str) -> None:
    stream = io.StringIO()
    Lines(stream).start(total, done=0)
    assert stream.getvalue() == f"{says}\n"


def test_the_bar_keeps_count_times_and_latency_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Bar() as bar:
        bar.start(total=12, done=0)
        bar.step(record(GOOD).case.point, "sampling", "cpp", 2e-5)
        bar.finished(record(Failed("check", "[red]brackets")))
    shown = capsys.readouterr().err
    assert "1/12" in shown
    assert "20 us" in shown
    assert "sampling cpp op channels=16" in shown
    assert "[red]brackets" in shown


def test_a_bar_that_is_not_due_is_not_seen_and_what_there_is_to_say_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Bar(after_s=1e9) as bar:
        bar.start(total=12, done=0)
        bar.finished(record(Unavailable("no compiler")))
    shown = capsys.readouterr().err
    assert "/12" not in shown
    assert "no compiler" in shown


def test_a_late_bar_is_seen_from_when_it_is_due() -> None:
    now = [0.0]
    late = LateProgress(after_s=2.0, clock=lambda: now[0])
    for moment, seen in ((0.0, 0), (1.9, 0), (2.0, 1), (3.0, 1)):
        now[0] = moment
        assert len(list(late.get_renderables())) == seen


EVIL = "\x1b[2J\x1b]8;;http://x\x07\rgood\u202e[link=http://x]"
SHOWN = r"\x1b[2J\x1b]8;;http://x\x07\rgood\u202e[link=http://x]"


def test_nothing_of_a_record_acts_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = Record(Case(Point(EVIL, Axes({"batch": 2})), EVIL), Failed("check", f"{EVIL}\nforged"), {}, "r", "t")
    stream = io.StringIO()
    lines = Lines(stream)
    lines.finished(failed)
    lines.note(EVIL)
    assert stream.getvalue().count(SHOWN) == 4
    assert len(stream.getvalue().splitlines()) == 2
    monkeypatch.setenv("COLUMNS", "400")
    with Bar() as bar:
        bar.step(failed.case.point, "sampling", EVIL, None)
        bar.finished(failed)
    for text in (stream.getvalue(), capsys.readouterr().err):
        assert SHOWN in text
        assert "\x1b]8" not in text
        assert not {"\x07", "\r", "\u202e"} & set(text)


def test_silence_is_for_machines_and_lines_for_pipes() -> None:
    assert type(reporter(silent=True)) is Reporter
    assert type(reporter(silent=False)) is Lines


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (1e-3, "1 ms"), (1.234e-5, "12.3 us"), (4e-9, "4 ns"), (0.0, "0 ns")]
)
def test_times_have_three_digits_and_a_unit(seconds: float, text: str) -> None:
    assert short_time(seconds) == text


def test_minutes_and_seconds() -> None:
    assert clock_time(125.9) == "2:05"
