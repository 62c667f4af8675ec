"""The figures of mean and variance: theory and measured in every panel, the end of the numbers marked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import UsageError
from reports.hadaptive.propagation import FORMAT, main, propagation_figure
from reports.hadaptive.propagation_panel import DEVIATION, MEAN, TITLES


def layer(depth: int, variance: float | None, mean: float = 0.25) -> dict[str, Any]:
    spread = None if variance is None else [variance / 2, variance, None if depth == 2 else variance * 2]
    means = None if variance is None else [mean - 1, mean, mean + 1]
    return {"depth": depth, "ratio": means, "variance": spread, "finite": 1.0 if variance else 0.3}


def result(**changed: Any) -> dict[str, Any]:
    def run(scale: float, last: float | None) -> dict[str, Any]:
        found = {"overflow": None if last else 3, "layers": [layer(1, 2.0), layer(2, 4e9), layer(3, last)]}
        theory = [{"mean": 0.25, "variance": value} for value in (2.0, 4e9, 1e30)]
        return {
            "scale": scale,
            "theory": {"overflow": {"float16": 3}, "layers": theory},
            "measured": {"float32": found, "float16": found},
        }

    stacks = [
        {"norm": norm, "gain": 1.0, "bias": 0.0, "stability": 1.6, "runs": [run(1.0, 5.0), run(2.0, None)]}
        for norm in ("none", "dysoft")
    ]
    return {"format": FORMAT, "depth": 3, "channels": 11, "positions": 7, "stacks": stacks, **changed}


def texts(drawn: bytes) -> list[str]:
    """Every text of the figure: matplotlib writes each as a comment beside its outlines."""
    return [one.strip() for one in re.findall(r"<!--(.*?)-->", drawn.decode(), re.DOTALL)]


@pytest.mark.parametrize("quantity", [DEVIATION, MEAN], ids=lambda one: one.file)
def test_a_figure_has_a_panel_for_each_normaliser_and_says_what_is_drawn(quantity: Any) -> None:
    found = texts(propagation_figure(result(), quantity))
    for text in (TITLES["none"], TITLES["dysoft"], quantity.label, "layer", "input times 1, at rest", "input times 2"):
        assert text in found
    for text in ("measured, float32", "measured, float16"):
        assert text in found
    assert found.count("a deviation to the power 1.60") == 2


def test_the_same_result_is_the_same_file_and_other_numbers_are_another() -> None:
    assert propagation_figure(result(), DEVIATION) == propagation_figure(result(), DEVIATION)
    other = result()
    other["stacks"][0]["runs"][0]["measured"]["float32"]["layers"][0]["variance"][1] = 3.0
    assert propagation_figure(other, DEVIATION) != propagation_figure(result(), DEVIATION)
    assert propagation_figure(other, MEAN) == propagation_figure(result(), MEAN)


def test_what_a_dtype_can_hold_is_marked_where_the_numbers_come_near() -> None:
    assert "largest float16" in texts(propagation_figure(result(), DEVIATION))
    quiet = result()
    for stack in quiet["stacks"]:
        for run in stack["runs"]:
            run["theory"]["layers"] = [{"mean": 0.0, "variance": 1.0}] * 3
            for one in run["measured"].values():
                one.update(overflow=None, layers=[layer(1, 2.0)])
    assert "largest float16" not in texts(propagation_figure(quiet, DEVIATION))


def test_the_command_draws_two_files_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "propagation.json"
    source.write_text(json.dumps(result()))
    assert main([str(source), str(tmp_path)]) == 0
    assert (tmp_path / DEVIATION.file).read_bytes() == propagation_figure(result(), DEVIATION)
    assert (tmp_path / MEAN.file).read_bytes() == propagation_figure(result(), MEAN)
    capsys.readouterr()
    for content, says in (
        ("[]", "holds a list"),
        ("{", "cannot be read"),
        (f'{{"format": "{FORMAT}"}}', "does not fit"),
    ):
        source.write_text(content)
        assert main([str(source), str(tmp_path)]) == 2
        shown = capsys.readouterr().err
        assert says in shown
        assert shown.count("\n") == 1
    assert main([str(tmp_path / "gone.json"), str(tmp_path)]) == 2
    source.write_text(json.dumps(result()))
    assert main([str(source), str(tmp_path / "gone")]) == 3
    assert "cannot write" in capsys.readouterr().err
    assert main([]) == 2


def test_a_result_of_another_format_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a result of format 'x'; expected a propagation\.json"):
        propagation_figure(result(format="x"), MEAN)
