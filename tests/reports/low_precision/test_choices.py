"""The figure of treatments has a cell for every product, pattern and format, and says what it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from reports.low_precision.choices import COLOURS, FILE, FORMAT, choices_figure, main


def cell(kind: str, patterns: str, kept: str, **given: Any) -> dict[str, Any]:
    ratios = {"plain": [1.0, 1.0, 1.0], "transform": [0.71, 0.82, 0.93], "rows": [None, 0.55, None]}
    named = {"kind": kind, "patterns": patterns, "kept": kept, "products": 7, "chosen": "transform", "ratios": ratios}
    return named | given


def study(**changed: Any) -> dict[str, Any]:
    cells = [
        cell("forward", "all", "mxfp4", chosen="inner"),
        cell("gradient of w", "none, none", "mxfp4"),
        cell("forward", "none, row-wise", "mxfp4", chosen="rows", products=3),
        cell("forward", "none, none", "mxfp4", chosen="plain"),
        cell("forward", "none, none", "int8_row"),
    ]
    return {"format": FORMAT, "cells": cells, **changed}


def texts(drawn: bytes) -> list[str]:
    """Every text of the figure: matplotlib writes each as a comment beside its outlines."""
    return [one.strip() for one in re.findall(r"<!--(.*?)-->", drawn.decode(), re.DOTALL)]


def test_every_cell_has_the_error_its_treatment_leaves_and_its_interval_where_there_is_one() -> None:
    found = texts(choices_figure(study()))
    assert found.count("0.82") == 2
    assert found.count("0.71 to 0.93") == 2
    assert found.count("0.55") == 1
    assert found.count("1.00") == 1
    for text in ("forward: none, none (7)", "forward: none, row-wise (3)", "gradient of w: none, none (7)", "int8_row"):
        assert found.count(text) == 1


def test_the_legend_names_the_treatments_that_were_chosen_and_no_other() -> None:
    found = set(texts(choices_figure(study())))
    assert found & set(COLOURS) == {"plain", "transform", "rows"}


def test_the_command_draws_a_file_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "study.json"
    source.write_text(json.dumps(study()))
    assert main([str(source), str(tmp_path)]) == 0
    assert (tmp_path / FILE).read_bytes() == choices_figure(study())
    capsys.readouterr()
    for content, says in (("[]", "holds a list"), ("{", "cannot be read"), (f'{{"format": "{FORMAT}"}}', "not fit")):
        source.write_text(content)
        assert main([str(source), str(tmp_path)]) == 2
        shown = capsys.readouterr().err
        assert says in shown
        assert shown.count("\n") == 1
    assert main([str(tmp_path / "gone.json"), str(tmp_path)]) == 2
    source.write_text(json.dumps(study()))
    assert main([str(source), str(tmp_path / "gone")]) == 3
    assert main([]) == 2


def test_a_study_of_another_format_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a study of format 'x'; expected a study\.json"):
        choices_figure(study(format="x"))
