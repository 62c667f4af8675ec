"""A detector learns what it is shown, and a training that was interrupted goes the same way, bit for bit."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.detector import detector
from impls.hadaptive.detection.model.loss import losses
from impls.hadaptive.detection.training import batches, checkpoint, loop, validation
from impls.hadaptive.detection.training.batches import Batch
from impls.hadaptive.detection.training.loop import DetectorTraining
from impls.hadaptive.detection.training.settings import Settings
from impls.hadaptive.detection.training.sources import DetectionData
from impls.hadaptive.temperature import Temperature
from opbench.errors import UsageError

from ...training_scenes import differing
from .squares import EDGE, FEW, Squares, ran, squares, training


@pytest.fixture(scope="module")
def straight() -> DetectorTraining:
    torch.manual_seed(11)
    torch.set_num_threads(1)
    return ran(training())


def test_it_learns_two_images_by_heart() -> None:
    """Without augmentation: the same two images again and again."""
    examples = Squares(2, seed=1, empty=False)
    images = torch.stack([examples[at][0] for at in range(2)]) / 255
    targets: list[Target] = [examples[at][1] for at in range(2)]
    model = detector("hadaptive_net_s", 2, head="lite").train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    seen = []
    for _ in range(30):
        logits, offsets = model(images)
        found = losses(logits, offsets, anchors(EDGE), targets).total
        optimizer.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        seen.append(float(found.detach()))
    assert seen[-1] < 0.25 * seen[0]


def test_an_epoch_reports_both_losses_and_the_test(straight: DetectorTraining) -> None:
    assert [one.number for one in straight.history] == [1, 2, 3]
    for one in straight.history:
        assert math.isfinite(one.class_loss)
        assert one.class_loss > 0 < one.box_loss
        assert one.map_50 is not None
        assert one.map_50_95 is not None
        assert 0 <= one.map_50_95 <= one.map_50 <= 1
    taus = [float(module.tau) for module in straight.network.modules() if isinstance(module, Temperature)]
    assert len(taus) == 6
    assert any(one < 4.0 for one in taus), "Algorithm 1 moves them in training"


def test_a_resumed_training_is_the_same_bit_for_bit(straight: DetectorTraining, tmp_path: Path) -> None:
    first = ran(training(), 2)
    checkpoint.save(first, tmp_path / "checkpoint.pt")
    torch.manual_seed(99)  # whatever happened in between
    second = training()
    checkpoint.resume(second, tmp_path / "checkpoint.pt")
    assert len(second.history) == 2
    ran(second)
    assert differing(straight.state(), second.state()) == []
    timeless = [
        [dataclasses.replace(one, seconds=0.0, processor_seconds=0.0) for one in which.history]
        for which in (straight, second)
    ]
    assert timeless[0] == timeless[1]


def test_tests_are_every_so_many_epochs_and_after_the_last_and_change_nothing_else(straight: DetectorTraining) -> None:
    seldom = ran(training(every=2))
    assert [one.map_50 is None for one in seldom.history] == [True, False, False]
    assert differing(straight.state(), seldom.state()) == []


def test_every_epoch_shows_the_images_in_an_order_and_with_changes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def noted(examples: Squares, size: int, batch: int, seed: tuple[int, int]) -> Iterator[Batch]:
        asked.append(seed)
        return batches.shuffled(examples, size, batch, seed)

    monkeypatch.setattr(loop, "shuffled", noted)
    ran(training(dataclasses.replace(FEW, epochs=2, seed=5)))
    assert asked == [(5, 0), (5, 1)]


def test_another_seed_is_another_training(straight: DetectorTraining) -> None:
    other = ran(training(dataclasses.replace(FEW, seed=1)), 1)
    assert other.history[0].class_loss != straight.history[0].class_loss


def test_the_kernel_is_built_before_the_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after it, where a compiler that fails would come between an epoch and its checkpoint."""
    order: list[str] = []

    def trained(*_: object) -> tuple[float, float]:
        order.append("epoch")
        return 1.0, 1.0

    monkeypatch.setattr(loop, "kernel_is_built", lambda: order.append("kernel"))
    monkeypatch.setattr(DetectorTraining, "_train", trained)
    ran(training(every=9), 1)
    assert order[:2] == ["kernel", "epoch"]


def test_a_loss_that_is_not_finite_stops_it() -> None:
    hot = training(Settings(epochs=3, batch=2, rate=1e30, size=EDGE))
    with pytest.raises(UsageError, match=r"the loss became \S+ in epoch \d at learning rate 1e\+30; .*lower --lr"):
        ran(hot)


def test_what_cannot_be_trained_is_refused_before_it_begins() -> None:
    with pytest.raises(UsageError, match="a test every 0 epochs; expected at least 1"):
        training(every=0)
    with pytest.raises(UsageError, match="1 training images"):
        training(data=DetectionData("one", Squares(1, 1), Squares(2, 2)))
    other = Squares(2, 2)
    other.classes = ("red", "green", "blue")
    with pytest.raises(UsageError, match="one: 2 classes to train on and 3 to test on, which differ"):
        DetectionData("one", Squares(2, 1), other)


def test_images_without_a_box_cannot_be_tested_on() -> None:
    model = training().network
    with pytest.raises(UsageError, match="1 test images have no box to find"):
        validation.validate(model, Squares(1, 2), EDGE, 2, torch.device("cpu"))


def test_validation_finds_what_a_detector_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that knows the answers has an average precision of 1."""
    data = squares(test=3).test

    class Knowing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.at = 0

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            from impls.hadaptive.detection.model.coding import encode

            boxes = anchors(EDGE)
            logits, offsets = torch.full((len(images), len(boxes), 2), -9.0), torch.zeros(len(images), len(boxes), 4)
            for at in range(len(images)):
                target = data[self.at][1]
                self.at += 1
                if len(target.boxes):
                    logits[at, 5, target.labels[0]] = 4.0
                    offsets[at, 5] = encode(target.boxes, boxes[5:6])[0]
            return logits, offsets

    found = validation.validate(Knowing(), data, EDGE, 2, torch.device("cpu"))  # type: ignore[arg-type]
    assert found.map_50 == pytest.approx(1)
    assert found.map_50_95 == pytest.approx(1)
