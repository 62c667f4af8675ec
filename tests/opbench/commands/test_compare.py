"""Two runs by their names: what changed, exit code 1 where something is surely slower, a page without a script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opbench import Axes, Case, Check, Measured, Point, Record
from opbench.commands.compare import run as compare
from opbench.errors import MachineError, UsageError
from opbench.store.runs import Run, new_run

CHECK = Check(True, 3, 0, 0.0, 0.0, 0.0, 0.0)
STEADY = (1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0)


def run_of(results: Path, name: str, factor: float = 1.0, rows: int = 3) -> Run:
    run = new_run(results, name)
    point = Point("mine", Axes({"rows": rows}))
    outcome = Measured(CHECK, tuple(factor * one for one in STEADY), 1, "target", 0.0, 1, 0.0, 0.0)
    run.append([Record(Case(point, "<b>"), outcome, {"threads": 2}, "abc", "2026-01-01T12:00:00+00:00")])
    return run


@pytest.mark.parametrize(("factor", "code"), [(0.5, 0), (1.0, 0), (2.0, 1)])
def test_a_run_that_is_slower_than_one_of_the_others_is_exit_code_1(
    factor: float, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_of(tmp_path, "before")
    run_of(tmp_path, "now", factor)
    assert compare.run(("now", "now", "before"), None, tmp_path, True) == code
    same, found = map(json.loads, capsys.readouterr().out.splitlines())
    assert same["rows"][0]["verdict"] == "undecided"
    assert found["rows"][0]["verdict"] == {0.5: "faster", 1.0: "undecided", 2.0: "slower"}[factor]
    assert found["geometric_mean"]["mid"] == pytest.approx(factor)


def test_the_page_says_all_and_lets_no_name_act(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(tmp_path, "before")
    run_of(tmp_path, "now", 3.0)
    page = tmp_path / "difference.html"
    compare.run(("now", "before"), page, tmp_path, False)
    text = page.read_text(encoding="utf-8")
    assert "3.000 [" in text
    assert "&lt;b&gt;" in text
    assert "<b>" not in text.replace("<b style", "")
    assert text.count("<script") == 1
    assert "default-src &#39;none&#39;" in text
    assert f"page: {page}" in capsys.readouterr().out


def test_what_cannot_be_compared_is_one_line(tmp_path: Path) -> None:
    run_of(tmp_path, "before")
    run_of(tmp_path, "other", rows=5)
    for names, says in (
        (("before",), "one run alone"),
        (("before", "other"), "no case in common"),
        (("before", "x"), "no run 'x'"),
    ):
        with pytest.raises(UsageError, match=says):
            compare.run(names, None, tmp_path, False)
    with pytest.raises(MachineError, match="choose another place for --page"):
        compare.run(("before", "before"), tmp_path, tmp_path, False)
