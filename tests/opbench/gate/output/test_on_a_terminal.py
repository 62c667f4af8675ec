"""What the gate shows on a terminal: everything once, and nothing that a terminal acts on, however narrow it is."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.output.console import print_table
from opbench.gate.output.progress import ProgressBar, RunProgress, progress_for
from opbench.gate.stats.rule import DEFAULT

FILE = "tests/bench/test_kernels.py"
PASSING = [Judgement(f"{FILE}::test_{name}[8-{name}]", Verdict.PASS, "surely within") for name in ("add", "mul")]
SLOWER = Judgement(f"{FILE}::test_sort[64]", Verdict.REGRESSION, "6 + 6 fresh workers confirm it, p = 0.0011")
HOSTILE = Judgement("tests/x.py::test_\x1b[2J\x1b]0;title\x07[\u202e]", Verdict.CRASHED, "it said \x1b[31m\r\nno")


def shown(*judgements: Judgement, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    with console.capture() as captured:
        print_table(console, judgements, (), DEFAULT)
    return captured.get().splitlines()


def test_what_needs_action_comes_first_and_a_shared_reason_is_said_once() -> None:
    lines = shown(*PASSING, SLOWER)
    assert lines[0] == f"interval 99 %, tolerance 3 %, benchmarks of {FILE}"
    assert lines[1].split()[:2] == ["verdict", "benchmark"]
    assert lines[2].split()[:2] == ["regression", "test_sort[64]"]
    assert lines[3].strip() == SLOWER.reason
    assert [line.split()[:2] for line in lines[4:6]] == [["pass", "test_add[8-add]"], ["pass", "test_mul[8-mul]"]]
    assert lines[6].strip() == "pass without a reason given: surely within"
    assert lines[7] == "FAILED: confirmed regression (2 pass, 1 regression)"
    assert len(lines) == 8


def test_a_reason_that_one_pass_alone_has_stands_below_it() -> None:
    lines = shown(PASSING[0])
    assert lines[3].strip() == "surely within"
    assert lines[4] == "passed (1 pass)"


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_on_any_terminal_all_of_every_name_is_there(width: int) -> None:
    text = re.sub(r"\s", "", "".join(shown(*PASSING, SLOWER, HOSTILE, width=width)))
    assert "title" in text
    if width >= 60:
        assert "CANNOT" not in text
    assert not any(char < " " and char != "\n" for line in shown(HOSTILE, width=width) for char in line)
    assert "\u202e" not in text


def test_the_bar_keeps_what_is_no_pass_as_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    with ProgressBar() as bar:
        bar.start(4)
        bar.step(f"screening {FILE}::test_add")
        for one in (*PASSING, SLOWER, HOSTILE):
            bar.judged(one)
        bar.note("two\nlines")
    lines = [line.rstrip() for line in error.getvalue().splitlines()]
    assert f"regression {SLOWER.benchmark}: {SLOWER.reason}" in " ".join(lines)
    assert "two" in lines
    assert not any("surely within" in line for line in lines)
    assert "\x1b]0;" not in error.getvalue()


@pytest.mark.parametrize(
    ("in_json", "terminal", "kind"),
    [(True, True, RunProgress), (False, True, ProgressBar), (False, False, RunProgress)],
)
def test_progress_is_a_bar_on_a_terminal_lines_elsewhere_and_nothing_beside_json(
    in_json: bool, terminal: bool, kind: type[RunProgress], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = io.StringIO()
    monkeypatch.setattr(error, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", error)
    with progress_for(in_json) as watch:
        assert type(watch) is kind
        watch.start(1)
        watch.judged(SLOWER)
    if kind is RunProgress:
        lines = error.getvalue().splitlines()
        assert lines == [] if in_json else lines[0] == "1 benchmark"
        assert in_json or re.fullmatch(rf"\[1/1, 0:0\d\] regression {re.escape(SLOWER.benchmark)}: .*", lines[1])
