"""The commands from their words to their exit codes, on images that the tests make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from impls.hadaptive.detection import __main__ as detection
from impls.hadaptive.detection import results
from impls.hadaptive.detection.training import sources
from impls.hadaptive.detection.training.loop import DetectorTraining
from impls.hadaptive.detection.training.sources import DetectionData, Source
from impls.hadaptive.training import command

from .training.squares import squares

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command, `train` on squares of 64 pixels: exit code, output, errors."""

    def drawn_as(images: int, tested: int) -> DetectionData:
        return squares(images, tested)

    drawn = Source(drawn_as, {"images": 3, "tested": 2}, head="lite", epochs=2, batch=2, rate=0.01, every=2)
    monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, "squares": drawn})
    monkeypatch.chdir(tmp_path)

    def one(name: str, *words: str) -> tuple[int, str, str]:
        usual = ("--data", "squares", "--size", "64")
        monkeypatch.setattr("sys.argv", ["detection", name, *(usual if name == "train" else ()), *words])
        with pytest.raises(SystemExit) as ended:
            command.run(detection.app, "detection")
        assert isinstance(ended.value.code, int)
        message = capsys.readouterr()
        return ended.value.code, message.out, message.err

    return one


def test_a_training_leaves_its_epochs_its_checkpoint_and_its_result(run: Run, tmp_path: Path) -> None:
    code, out, err = run("train", "--seed", "3")
    assert code == 0, err
    folder = tmp_path / "results" / "detection" / "squares-hadaptive_net_s-lite-3"
    epochs = [json.loads(line) for line in (folder / "epochs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["number"], one["map_50"] is None) for one in epochs] == [(1, True), (2, False)]
    (result,) = results.read(folder.parent)
    assert (result.seed, result.epochs, result.map_50) == (3, 2, epochs[1]["map_50"])
    assert out.startswith(f"hadaptive_net_s, lite head, seed 3: mAP@0.5 {result.map_50:.2%}, mAP@[0.5:0.95] ")
    assert err.count(": focal loss ") == 2
    assert "2 epochs, 2 images a step, rate 0.01 at its highest" in err
    code, out, err = run("table", "--to", "shown/table.csv")
    assert code == 0, err
    assert "| hadaptive_net_s | lite | 1 |" in out
    assert (tmp_path / "shown" / "table.csv").read_text(encoding="utf-8").startswith("backbone,head,data,")


def test_a_training_out_of_time_stops_between_epochs_and_goes_on_with_resume(run: Run, tmp_path: Path) -> None:
    words = ("train", "--folder", "stopped")
    code, out, err = run(*words, "--minutes", "0.000001")
    assert (code, out.split(" epochs")[0]) == (0, "stopped after 1 of 2"), err
    assert not (tmp_path / "stopped" / results.FILE).exists()
    code, _, err = run(*words)
    assert code == 2
    assert "stopped already holds a training; --resume goes on with it, or name another folder" in err
    code, _, err = run(*words, "--resume", "--backbone", "hadaptive_net_m")
    assert (code, err.count("\n")) == (2, 1)
    assert "backbone hadaptive_net_s there, hadaptive_net_m here" in err
    code, out, err = run(*words, "--resume")
    assert code == 0, err
    assert "after 2 epochs" in out


def test_an_interrupted_training_says_what_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DetectorTraining, "_train", interrupted)
    code, _, err = run("train")
    assert (code, err.splitlines()[-1]) == (130, "detection: interrupted; what was finished is kept, --resume goes on")


def test_counts_are_printed_for_what_was_chosen(run: Run) -> None:
    code, out, err = run("count", "--backbones", "hadaptive_net_s", "--heads", "lite", "--classes", "3", "--size", "64")
    assert code == 0, err
    assert out.startswith("SSD, 3 classes, one image of 64x64\n")
    rows = [line.split("|")[1:3] for line in out.splitlines()[4:]]
    assert rows == [[" hadaptive_net_s ", " lite "]]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("count", "--backbones", "vgg16"), "no backbone 'vgg16' of the detector; there are: "),
        (("count", "--heads", "heavy"), "no head 'heavy' of the detector; there are: dense, lite"),
        (("count", "--size", "100"), "images of 100 pixels; expected a multiple of 64"),
        (("train", "--root", "here"), "--root here: squares has no use for it, and takes --images, --tested; leave it"),
        (("train", "--data", "coco", "--images", "5"), "--images 5: coco has no use for it, and takes --root; leave"),
        (("train", "--data", "voc"), "no data set 'voc' of detection; there are: coco, made, squares"),
        (("train", "--backbone", "vgg16"), "no backbone 'vgg16'"),
        (("train", "--every", "0"), "a test every 0 epochs; expected at least 1"),
        (("train", "--minutes", "0"), "--minutes is 0.0; expected above 0"),
        (("train", "--size", "300"), "images of 300 pixels; expected a multiple of 64"),
        (("table",), "no finished training in results/detection"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(run: Run, words: tuple[str, ...], says: str) -> None:
    code, _, err = run(*words)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"detection: {says}")


def test_coco_that_is_not_there_is_said_to_be_missing(run: Run) -> None:
    code, _, err = run("train", "--data", "coco", "--root", "nowhere")
    assert (code, err.count("\n")) == (3, 1)
    assert "nowhere/train2017" in err
