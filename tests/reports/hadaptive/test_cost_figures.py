"""Figures 5 and 6 at the paper's sizes: their points, and every account of the work."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from reports.hadaptive import cost_figures
from reports.hadaptive.cost_figures import FIGURES, counted, draw, main, table

MAP = 224 * 224
ROOT = Path(__file__).parents[3]


def test_the_points_are_the_papers() -> None:
    assert [(one["channels"], one["expansion"], one["edge"]) for one in FIGURES["figure5"]] == [
        (16, 4, 224),
        (32, 4, 224),
        (64, 4, 224),
        (128, 4, 224),
        (256, 4, 224),
        (512, 4, 224),
    ]
    assert [(one["channels"], one["expansion"], one["edge"]) for one in FIGURES["figure6"]] == [
        (64, ratio, 224) for ratio in (4, 8, 12, 16, 20, 24)
    ]


def test_a_point_has_the_macs_of_the_papers_formulas_by_every_account() -> None:
    """64 channels widened fourfold: 21 selected channels make 210 pairs, 274 channels for all three."""
    rows = list(csv.DictReader(io.StringIO(table(list(counted(FIGURES["figure6"][:1]))))))
    by_name = {row["operator"]: row for row in rows}
    assert {int(row["out_channels"]) for row in rows} == {274}
    macs = {"pointwise": 64 * 274 * MAP, "ghost": (64 * 137 + 137 * 9) * MAP, "ach": 64 * 64 * MAP + 210 * MAP}
    eca = 5 * 64  # which the paper's model leaves out
    for name, expected in macs.items():
        row, own = by_name[name], expected + (eca if name == "ach" else 0)
        assert int(row["paper_model_macs"]) == expected
        assert int(row["macs"]) + int(row["products"]) == int(row["fvcore_macs"]) == int(row["torch_macs"]) == own
        flops = 2 * int(row["macs"]) + int(row["products"]) + int(row["elementwise"])
        assert int(row["flops"]) == flops


def test_the_reference_figure_6_is_what_counting_gives() -> None:
    reference = (ROOT / "results/reference/counts/figure6.csv").read_text(encoding="utf-8").splitlines()
    last = table(list(counted(FIGURES["figure6"][-1:]))).splitlines()
    assert last[0] == reference[0]
    assert last[1:] == [line for line in reference if line.split(",")[2] == "24"]


def test_both_figures_and_their_tables_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {name: tuple({**point, "edge": 3} for point in points[:2]) for name, points in FIGURES.items()}
    monkeypatch.setattr(cost_figures, "FIGURES", small)
    assert main([str(tmp_path / "new")]) == 0
    names = ["figure5.csv", "figure5.svg", "figure6.csv", "figure6.svg"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    assert "edge=3" in capsys.readouterr().out
    before = [path.read_bytes() for path in sorted((tmp_path / "new").iterdir())]
    draw(tmp_path / "new")
    assert [path.read_bytes() for path in sorted((tmp_path / "new").iterdir())] == before


def test_what_cannot_be_written_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    (tmp_path / "file").write_text("in the way")
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patched:
        patched.setattr(cost_figures, "FIGURES", {"figure6": ({**FIGURES["figure6"][0], "edge": 3},)})
        assert main([str(tmp_path / "file")]) == 3
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "cost_figures: 0 arguments; expected one, the FOLDER to write into"
    assert err[1].startswith("cost_figures: cannot write")
    assert len(err) == 2
