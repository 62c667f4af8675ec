"""Finished trainings as table 6: means over seeds, what belongs together, and the paper's figures marked as its own."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from impls.hadaptive.detection import results
from impls.hadaptive.detection.model.features import BACKBONES
from impls.hadaptive.detection.results import Result, reported
from opbench.errors import UsageError
from reports.models.reported import table6


def result(seed: int, map_50: float, backbone: str = "hadaptive_net_s", epochs: int = 30, size: int = 320) -> Result:
    return Result(backbone, "dense", "made (3 classes)", epochs, 8, 0.02, size, seed, map_50, map_50 / 2, 0.7, 11.0)


def test_the_sweeps_page_says_the_same_of_the_paper() -> None:
    """`reports` imports nothing of `impls`, so the table lies in both."""
    ours = {one.name: (one.map_percent, one.miou_percent) for one in reported().values()}
    assert ours == {name: (row.map_percent, row.miou_percent) for name, row in table6().items()}


def test_seeds_are_a_mean_with_its_interval_and_other_recipes_rows_of_their_own() -> None:
    given = [
        result(0, 0.3),
        result(1, 0.4),
        result(2, 0.5),
        result(0, 0.6, epochs=5),
        result(0, 0.2, "mobilenetv2_100"),
    ]
    lines = results.markdown(given).splitlines()
    assert lines[0] == "made (3 classes); 5 epochs, batch 8, rate 0.02, 320 pixels"
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[-3:]]
    assert [row[:3] for row in rows] == [
        ["hadaptive_net_s", "dense", "3"],
        ["hadaptive_net_s", "dense", "1"],
        ["mobilenetv2_100", "dense", "1"],
    ]
    assert rows[0][3] == "40.00 [15.16, 64.84]"  # 0.1 / sqrt(3) x 4.303
    assert rows[1][3] == "60.00 (one seed)"
    assert [row[-2:] for row in rows] == [["22.1", "72.4"], ["22.1", "72.4"], ["21.9", "70.5"]]
    assert "reported by the paper, COCO" in lines[-5]


def test_the_paper_has_all_backbones_in_one_table() -> None:
    assert set(reported()) == set(BACKBONES)
    assert reported()["hadaptive_net_l"].map_percent == 23.2


def test_what_was_written_is_read_by_row_and_seed(tmp_path: Path) -> None:
    for name, one in (("b", result(2, 0.5)), ("a", result(10, 0.4)), ("c", result(1, 0.1, "hadaptive_net_m"))):
        (tmp_path / name).mkdir()
        results.write(one, tmp_path / name)
    (tmp_path / "unfinished").mkdir()
    found = results.read(tmp_path)
    assert found == [result(1, 0.1, "hadaptive_net_m"), result(2, 0.5), result(10, 0.4)]
    rows = list(csv.DictReader(io.StringIO(results.as_csv(found))))
    assert [row["map_50"] for row in rows] == ["0.1", "0.5", "0.4"]


def test_other_sizes_are_other_rows_and_a_seed_twice_is_refused(tmp_path: Path) -> None:
    for name, one in (("a", result(3, 0.5)), ("b", result(3, 0.4, size=64))):
        (tmp_path / name).mkdir()
        results.write(one, tmp_path / name)
    assert len(results.markdown(results.read(tmp_path)).splitlines()) == 2 + 1 + 2 + 2
    (tmp_path / "c").mkdir()
    results.write(result(3, 0.3), tmp_path / "c")
    says = f"{tmp_path}/a and {tmp_path}/c are the same training with the same seed 3; .*: remove one"
    with pytest.raises(UsageError, match=says):
        results.read(tmp_path)


def test_a_folder_without_results_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no finished training in .*expected folders with result\.json"):
        results.read(tmp_path)
    (tmp_path / "a").mkdir()
    whole = json.dumps(asdict(result(0, 0.5)))
    wrong = (whole.replace('"map_50": 0.5', '"map_50": 1.5'), whole.replace('"seed": 0', '"seed": "0"'))
    assert whole not in wrong
    for text in ("", "[1]", '{"backbone": "hadaptive_net_s"}', whole[:-1], "[" * 100_000, *wrong):
        (tmp_path / "a" / results.FILE).write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="is no result of a training"):
            results.read(tmp_path)
