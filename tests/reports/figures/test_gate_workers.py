"""The figure of a gate's workers: every worker a dot, far ones an arrow with their factor, verdicts in words."""

from __future__ import annotations

import pytest

from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.output.figure import FigureRow
from reports.figures.gate_workers import workers_figure


def drawn(*rows: FigureRow, folder: str = "") -> str:
    return workers_figure(rows, 0.03, folder).decode()


def row(name: str, verdict: Verdict = Verdict.PASS, head: tuple[float, ...] = (1.0, 1.01)) -> FigureRow:
    return FigureRow(Judgement(name, verdict, ""), (0.99, 1.0), head)


def test_names_verdicts_and_tolerance_are_in_the_figure() -> None:
    figure = drawn(row("a/t.py::test_x"), row("a/t.py::test_y", Verdict.REGRESSION), folder="a/t.py::")
    for text in ("test_x", "test_y", "regression", "pass", "tolerance 3 %"):
        assert f"<!-- {text} -->" in figure
    assert "a/t.py" not in figure


def test_workers_beyond_the_axis_are_counted_with_their_factor() -> None:
    assert "<!-- 2 at 2.60× -->" in drawn(row("x", head=(1.0, 2.6, 2.6)))
    assert "× -->" not in drawn(row("x"))


def test_fresh_workers_are_explained_only_where_there_are_some() -> None:
    fresh = FigureRow(Judgement("x", Verdict.REGRESSION, ""), (1.0,), (1.1,), (1.0,), (1.1,))
    assert "fresh, to confirm" in drawn(fresh)
    assert "fresh, to confirm" not in drawn(row("x"))


def test_a_benchmark_without_workers_still_has_its_strip() -> None:
    assert "<!-- deleted -->" in drawn(FigureRow(Judgement("gone", Verdict.DELETED, "")))


def test_no_benchmark_is_no_figure() -> None:
    with pytest.raises(ValueError, match="at least one"):
        drawn()
