"""Confidence over epochs: every seed and their mean, kinds added up, and what cannot be drawn together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from reports.hadaptive.search_confidence import FORMAT
from reports.hadaptive.search_curves import curves_figure, main


def result(seed: int = 0, **changed: Any) -> dict[str, Any]:
    names = [("Ghost", "3"), ("ACH", "16-3"), ("ACH", "16-5"), ("Blank", "")]
    candidates = [{"group": group, "detail": detail, "confidence": 0.25} for group, detail in names]
    shares = [[[0.1, 0.2, 0.3, 0.4]], [[0.0, 0.125, 0.125, 0.75]]]
    return {
        "format": FORMAT,
        "question": {"space": "late", "data": "digits"},
        "settings": {"epochs": 2, "seed": seed},
        "history": [{"confidences": one} for one in shares],
        "layers": [
            {"channels": 32, "stride": 2, "candidates": [], "chosen": None},
            {"channels": 48, "stride": 1, "candidates": candidates, "chosen": 3},
        ],
        **changed,
    }


def texts(results: list[dict[str, Any]]) -> list[str]:
    """Every text of the figure: matplotlib writes each as a comment beside its outlines."""
    return [one.strip() for one in re.findall(r"<!--(.*?)-->", curves_figure(results).decode(), re.DOTALL)]


def heights(results: list[dict[str, Any]]) -> set[int]:
    """How many lines are drawn of every number of points, the frame's and ticks' aside."""
    drawn = re.findall(r'<path d="(M [^"]*)" clip-path', curves_figure(results).decode())
    return {len(re.findall("[ML]", one)) for one in drawn}


def test_a_panel_names_its_layer_and_the_legend_every_kind_that_is_there() -> None:
    found = texts([result(3), result(7)])
    assert "layer 1, 48 channels" in found
    assert not any("32 channels" in one for one in found)
    assert {"Ghost", "ACH", "Blank"} <= set(found)
    assert "CNA" not in found
    assert "thick: mean; thin: seeds 3, 7" in found


def test_curves_begin_before_the_first_epoch() -> None:
    assert 3 in heights([result()])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"format": "opbench/7"}, "format 'opbench/7'; expected a search's result.json"),
        ({"question": {"space": "full", "data": "digits"}}, "differ in more than their seeds"),
        ({"settings": {"epochs": 3, "seed": 1}}, "differ in more than their seeds"),
        ({"history": [{"confidences": [[0.25] * 4]}]}, "differ in more than their seeds"),
    ],
)
def test_what_does_not_belong_together_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        curves_figure([result(), result(1, **changed)])


def test_files_are_drawn_and_a_refusal_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps(result()))
    second.write_text(json.dumps(result(1, history=[{}, {}])))
    assert main([str(tmp_path / "out.svg"), str(first)]) == 0
    assert (tmp_path / "out.svg").read_bytes().startswith(b"<?xml")
    for arguments, says in (
        ([str(tmp_path / "out.svg"), str(first), str(second)], "expected the result.json of searches that keep"),
        ([str(tmp_path / "out.svg"), str(tmp_path / "none.json")], "no file"),
        ([str(tmp_path / "out.svg")], "1 arguments; expected at least two"),
    ):
        assert main(arguments) == 2
        told = capsys.readouterr().err
        assert says in told
        assert told.count("\n") == 1
