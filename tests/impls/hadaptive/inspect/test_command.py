"""From the command's words to what lies in its folder, and from there to the figures."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from impls.hadaptive.images import sources
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.sources import Source
from impls.hadaptive.inspect import __main__ as inspect
from impls.hadaptive.training import command
from reports.hadaptive.inside import main

from ..training_scenes import TINY, bars

pytestmark = pytest.mark.skipif(find_spec("pytorch_grad_cam") is None, reason="grad-cam is not installed")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    def load(root: Path, edge: int) -> DataSet:
        return bars(edge=edge)

    monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, "bars": Source("bars", load, edge=6, epochs=2)})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.json").write_text(json.dumps(TINY.plain()), encoding="utf-8")
    return tmp_path / "results" / "looking" / "bars-tiny-0"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    usual = ("--data", "bars", "--network", "tiny.json", "--backend", "torch_eager", "--batch", "8")
    monkeypatch.setattr("sys.argv", ["inspect", *usual, *words])
    with pytest.raises(SystemExit) as ended:
        command.run(inspect.app, "inspect")
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_both_networks_are_trained_alike_and_looked_into(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    message = capsys.readouterr()
    assert "Figures: python -m reports.hadaptive.inside results/looking/bars-tiny-0" in message.out
    assert message.err.count("epoch 2/2: loss ") == 2
    inside = json.loads((folder / "inside.json").read_text(encoding="utf-8"))
    assert [one["kind"] for one in inside["layers"]] == ["CNA", "ACH", "Ghost", "ACH"]
    assert inside["pictures"] == ["row", "column", "neither"]
    assert list(inside["selection"]) == ["body.1.expand", "body.3.expand"]
    assert [len(one) for one in inside["temperatures"]] == [2, 2]
    with np.load(folder / "maps.npz") as maps:
        assert maps["network"].shape == maps["twin"].shape == (3, 4, 6, 6)
        assert not np.array_equal(maps["network"], maps["twin"])
        assert maps["network"].max() == maps["twin"].max() == 255
        assert maps["pictures"].shape == (3, 6, 6, 3)
    # What was trained is not trained again, and gives the same.
    assert run(monkeypatch) == 0
    assert "epoch" not in capsys.readouterr().err
    assert json.loads((folder / "inside.json").read_text(encoding="utf-8")) == inside


def test_figures_are_drawn_from_the_folder_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--epochs", "1") == 0
    capsys.readouterr()
    assert main([str(folder), "column"]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.split()] == [
        "grad_cam.svg", "selection.svg", "temperatures.svg",
    ]  # fmt: skip
    cam = (folder / "grad_cam.svg").read_text(encoding="utf-8")
    assert cam.count("<image") == 2 * 5
    for text in ("all-Ghost twin", "column", "bars (3 classes, 1x6x6)", "1 epochs"):
        assert text in cam
    assert "neither" not in cam
    selection = (folder / "selection.svg").read_text(encoding="utf-8")
    assert "layer 1, k = 3 of 7" in selection
    assert "5 always" in selection  # k = 5 of 5
    assert "layer 3" in (folder / "temperatures.svg").read_text(encoding="utf-8")


def test_what_is_no_such_folder_is_refused_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert main([str(folder)]) == 2
    assert f"no file {folder / 'inside.json'}" in capsys.readouterr().err
    assert run(monkeypatch, "--epochs", "1") == 0
    assert main([str(folder), "cat"]) == 2
    assert "no picture cat; there are: row, column, neither" in capsys.readouterr().err
    whole = (folder / "maps.npz").read_bytes()
    entry = whole.index(b"PK\1\2")  # of the archive's table of contents; at its byte 10 stands how it is compressed
    for damaged in (whole[:99], whole[: entry + 10] + b"\xff" + whole[entry + 11 :]):
        (folder / "maps.npz").write_bytes(damaged)
        assert main([str(folder)]) == 2
        assert "is damaged" in capsys.readouterr().err
