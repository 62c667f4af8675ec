"""The figure of a search: every confidence in its cell, dashes elsewhere, and what it cannot draw."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from reports.hadaptive.search_confidence import FORMAT, confidence_figure, main


def candidate(group: str, detail: str, confidence: float) -> dict[str, Any]:
    return {"group": group, "detail": detail, "confidence": confidence}


def result(**changed: Any) -> dict[str, Any]:
    searched = [candidate("Ghost", "3", 0.004), candidate("ACH", "16-3", 0.172), candidate("Blank", "", 0.824)]
    return {
        "format": FORMAT,
        "question": {"space": "full", "data": "digits (10 classes, 1x16x16)"},
        "settings": {"epochs": 3, "annealing": "cosine", "seed": 5},
        "history": [{}] * 3,
        "test_accuracy": 0.8765,
        "layers": [
            {"channels": 32, "stride": 2, "candidates": [], "chosen": None},
            {"channels": 48, "stride": 1, "candidates": searched, "chosen": 2},
            {"channels": 960, "stride": 1, "candidates": [], "chosen": None},
        ],
        **changed,
    }


def texts(found: dict[str, Any]) -> list[str]:
    """Every text of the figure: matplotlib writes each as a comment beside its outlines."""
    return [one.strip() for one in re.findall(r"<!--(.*?)-->", confidence_figure(found).decode(), re.DOTALL)]


def test_every_confidence_stands_in_its_cell_and_the_rest_is_dashes() -> None:
    found = texts(result())
    for text in ("&lt;1", "17", "82", "Ghost", "ACH", "Blank", "3", "16-3", "32 ↓", "48", "960"):
        assert found.count(text) == 1, text
    assert found.count("–") == 6


def test_columns_stand_group_by_group_in_rising_order_of_numbers() -> None:
    names = [("ACH", "32-3"), ("Blank", ""), ("ACH", "8-7"), ("ACH", "8-3"), ("Ghost", "5"), ("ACH", "DySoft")]
    row = {"channels": 7, "stride": 1, "candidates": [candidate(*one, 1 / 6) for one in names], "chosen": 0}
    found = texts(result(layers=[row]))
    heads = [one for one in found if one in {"5", "8-3", "8-7", "32-3", "DySoft"}]
    assert heads == ["5", "8-3", "8-7", "32-3", "DySoft"]


def test_it_says_what_was_searched_and_how_far() -> None:
    whole = " ".join(texts(result()))
    for part in ("“full” on digits (10 classes, 1x16x16)", "3 epochs, cosine annealing, seed 5", "87.6 % of the test"):
        assert part in whole
    assert "2 of 3 epochs" in " ".join(texts(result(history=[{}] * 2)))


def papers() -> dict[str, Any]:
    return {
        "table": 10,
        "channels": [64, 96, 961],
        "source": "reported by the paper (arXiv 2505.22226, table 10), CIFAR-100, not measured here",
        "top1_percent": 67.55,
        "layers": [[], ["23", "61", "<0.01"], []],
    }


def test_the_papers_confidences_stand_beside_ours_as_printed_and_as_the_papers() -> None:
    found = texts(result(reported=papers()))
    for text in ("23", "61", "&lt;0.01", "17", "82", "64 ↓", "96", "961", "32 ↓", "48", "960"):
        assert found.count(text) == 1, text
    assert found.count("–") == 12
    whole = " ".join(found)
    assert "Table 10 of the paper, on CIFAR-100" in whole
    assert "reported by the paper (arXiv 2505.22226, table 10), not measured here" in whole
    assert "67.55 % of the test images" in whole


def test_the_papers_of_another_space_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "result.json"
    source.write_text(json.dumps(result(reported={**papers(), "layers": [[], ["23", "61"], []]})))
    assert main([str(source), str(tmp_path / "figure.svg")]) == 2
    assert "a layer of 3 candidates with 2 reported" in capsys.readouterr().err


def test_the_same_result_is_the_same_file() -> None:
    assert confidence_figure(result()) == confidence_figure(result())


def test_what_has_no_confidence_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a result of format None; expected a search's result\.json"):
        confidence_figure({})
    fixed = [{"channels": 32, "stride": 2, "candidates": [], "chosen": None}]
    with pytest.raises(UsageError, match="without a layer that had a choice"):
        confidence_figure(result(layers=fixed))


def test_the_command_draws_a_file_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, figure = tmp_path / "result.json", tmp_path / "figure.svg"
    source.write_text(json.dumps(result()))
    assert main([str(source), str(figure)]) == 0
    assert figure.read_bytes() == confidence_figure(result())
    for content, says in (("[]", "holds a list"), ("{", "is not JSON")):
        source.write_text(content)
        assert main([str(source), str(figure)]) == 2
        assert says in capsys.readouterr().err
    assert main([str(tmp_path / "gone.json"), str(figure)]) == 2
    assert "no file" in capsys.readouterr().err
    assert main([str(source)]) == 2
    assert "1 arguments; expected two" in capsys.readouterr().err
