"""Files to go on from or to detect with: what is not of this very training is refused in one line."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from impls.hadaptive.detection.training import checkpoint
from impls.hadaptive.detection.training.loop import DetectorTraining
from impls.hadaptive.detection.training.sources import DetectionData
from opbench.errors import UsageError

from .squares import FEW, Squares, squares, training


@pytest.fixture(scope="module")
def fresh() -> DetectorTraining:
    return training()


@pytest.fixture(scope="module")
def saved(fresh: DetectorTraining, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "checkpoint.pt"
    checkpoint.save(fresh, path)
    return path


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"backbone": "hadaptive_net_m"}, "backbone hadaptive_net_s there, hadaptive_net_m here"),
        ({"head": "dense"}, "head lite there, dense here"),
        ({"settings": dataclasses.replace(FEW, seed=4, epochs=9)}, "epochs 3 there, 9 here; seed 0 there, 4 here"),
        (
            {"data": squares(train=4)},
            r"data squares \(2 classes, 5 images, 3 tested\) there, .* 4 images.* here; annotations .* here",
        ),
    ],
)
def test_another_training_is_refused_naming_both(saved: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=f"is of another training: {says}; a resumption needs the same"):
        checkpoint.resume(training(**changed), saved)


def test_other_boxes_in_as_many_images_are_other_data(saved: Path) -> None:
    moved = DetectionData("squares", Squares(5, seed=3), Squares(3, seed=2))
    assert moved.described == squares().described
    with pytest.raises(UsageError, match=r"is of another training: annotations .* there, .* here; a resumption"):
        checkpoint.resume(training(data=moved), saved)


def test_classes_of_other_names_are_other_classes(saved: Path) -> None:
    train, test = Squares(5, 1), Squares(3, 2)
    train.classes = test.classes = ("red", "blue")
    with pytest.raises(UsageError, match="is of another training: other classes; a resumption needs the same"):
        checkpoint.resume(training(data=DetectionData("squares", train, test)), saved)


def test_a_detector_is_read_with_its_classes_and_in_eval(saved: Path, fresh: DetectorTraining) -> None:
    model, classes = checkpoint.load(saved)
    assert classes == ("red", "green")
    assert not model.training
    for name, value in fresh.network.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


def test_the_pages_lines_make_boxes_of_a_checkpoint_and_an_image(saved: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[5] / "docs" / "detection.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    image = Squares(1, seed=4)[0][0].permute(1, 2, 0).numpy()
    Image.fromarray(image).save(tmp_path / "photograph.png")
    found = names["boxes_in"](tmp_path / "photograph.png", saved)
    assert 0 < len(found) <= 100
    assert {name for name, _, _ in found} <= {"red", "green"}
    assert all(0 <= x1 < x2 <= 320 and 0 <= y1 < y2 <= 320 for _, _, (x1, y1, x2, y2) in found)


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("/dev/null",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([1], "is no checkpoint of a detector; expected format 'opbench.hadaptive.detection/1'"),
        ({"format": "opbench.hadaptive.search/2"}, "is no checkpoint of a detector"),
        ({"format": checkpoint.FORMAT, "state": {}}, "lacks history, question; train again"),
        (
            {"format": checkpoint.FORMAT, "state": {}, "history": [], "question": 3},
            "does not say what it was trained on; train again",
        ),
        (
            {"format": checkpoint.FORMAT, "code": Code()},
            "holds code or objects beside tensors, and nothing of it was run",
        ),
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: Any, says: str) -> None:
    torch.save(content, tmp_path / "other.pt")
    for read in (lambda path: checkpoint.resume(training(), path), checkpoint.load):
        with pytest.raises(UsageError, match=says):
            read(tmp_path / "other.pt")


def test_a_state_that_does_not_fit_is_refused(saved: Path, tmp_path: Path) -> None:
    content = torch.load(saved, weights_only=True)
    del content["state"]["network"]
    torch.save(content, tmp_path / "less.pt")
    for read in (lambda path: checkpoint.resume(training(), path), checkpoint.load):
        with pytest.raises(UsageError, match=r"does not fit its own question \('network'\); train again"):
            read(tmp_path / "less.pt")


@pytest.mark.parametrize("history", [3, [{}], [{"number": "1"}]])
def test_a_history_that_is_none_is_refused(saved: Path, tmp_path: Path, history: object) -> None:
    torch.save({**torch.load(saved, weights_only=True), "history": history}, tmp_path / "past.pt")
    with pytest.raises(UsageError, match=r"past\.pt does not fit its own question"):
        checkpoint.resume(training(), tmp_path / "past.pt")


@pytest.mark.parametrize("changed", [{"backbone": "vgg16"}, {"classes": 3}, {"classes": []}, {"head": ["dense"]}])
def test_a_detector_that_cannot_be_built_is_refused(saved: Path, tmp_path: Path, changed: dict[str, Any]) -> None:
    content = torch.load(saved, weights_only=True)
    torch.save({**content, "question": {**content["question"], **changed}}, tmp_path / "odd.pt")
    with pytest.raises(UsageError, match=r"odd\.pt does not fit its own question"):
        checkpoint.load(tmp_path / "odd.pt")


def test_a_file_that_is_not_there_or_not_whole_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no checkpoint .*expected a file that impls\.hadaptive\.detection wrote"):
        checkpoint.load(tmp_path / "gone.pt")
    (tmp_path / "part.pt").write_bytes(saved.read_bytes()[:1000])
    (tmp_path / "bare.pt").write_bytes(pickle.dumps({}))
    for name in ("part.pt", "bare.pt"):
        with pytest.raises(UsageError, match="is truncated, or no checkpoint"):
            checkpoint.load(tmp_path / name)
