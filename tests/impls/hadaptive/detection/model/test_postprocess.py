"""From logits and offsets to detections: order, ties, what is left out, and suppression against its definition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from impls.boxes import functional
from impls.boxes.nms import torchvision_nms
from impls.detectors.outputs import eager_rows
from impls.hadaptive.detection.evaluation.detection import Detection
from impls.hadaptive.detection.model import suppression
from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.postprocess import detections
from impls.hadaptive.detection.model.suppression import Suppress, suppress, suppress_by_pytorch
from opbench.errors import MachineError

ANCHORS = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10], [40, 0, 50, 11]])
"""Two alone, two that overlap by 10/11."""


def found(logits: list[list[float]], offsets: Tensor | None = None, **changed: Any) -> Detection:
    codes = torch.zeros(len(logits), 4) if offsets is None else offsets
    (one,) = detections(torch.tensor([logits]), codes[None], ANCHORS[: len(logits)], 64, [5], **changed)
    return one


def test_the_best_comes_first_with_its_class_and_box() -> None:
    one = found([[0.0, -9.0], [-9.0, 1.0], [-9.0, -9.0]])
    assert one.image_id == 5
    assert one.labels.tolist() == [1, 0]
    torch.testing.assert_close(one.boxes, ANCHORS[[1, 0]])
    torch.testing.assert_close(one.scores, torch.tensor([1.0, 0.0]).sigmoid())


def test_without_anchors_and_without_scores_there_are_none() -> None:
    for one in (
        found([[-9.0, -9.0]] * 3),
        detections(torch.zeros(1, 0, 2), torch.zeros(1, 0, 4), ANCHORS[:0], 64, [5])[0],
    ):
        assert one.boxes.shape == (0, 4)
        assert one.scores.shape == one.labels.shape == (0,)


def test_of_equal_scores_the_first_anchor_is_better_and_then_the_first_class() -> None:
    one = found([[1.0, 1.0], [2.0, 1.0], [1.0, 1.0]])
    assert one.labels.tolist() == [0, 0, 1, 1, 0, 1]
    torch.testing.assert_close(one.boxes[:, 0], torch.tensor([20.0, 0, 0, 20, 40, 40]))


def test_of_two_that_overlap_the_better_stays_and_of_equals_the_first() -> None:
    better = found([[-9.0], [-9.0], [1.0], [2.0]])
    torch.testing.assert_close(better.boxes, ANCHORS[3:])
    equal = found([[-9.0], [-9.0], [1.0], [1.0]])
    torch.testing.assert_close(equal.boxes, ANCHORS[2:3])


def test_classes_do_not_suppress_each_other() -> None:
    assert found([[-9.0, -9.0], [-9.0, -9.0], [1.0, -9.0], [-9.0, 2.0]]).labels.tolist() == [1, 0]


def test_a_score_that_is_no_number_is_none_and_does_not_hide_others() -> None:
    one = found([[math.nan], [1.0], [math.nan]])
    torch.testing.assert_close(one.boxes, ANCHORS[1:2])


@pytest.mark.parametrize("code", [math.nan, math.inf, -math.inf])
def test_a_box_that_is_no_box_is_left_out(code: float) -> None:
    offsets = torch.zeros(3, 4)
    offsets[0] = code
    torch.testing.assert_close(found([[3.0], [1.0], [2.0]], offsets).boxes, ANCHORS[[2, 1]])


def test_boxes_are_clipped_to_the_image_and_those_beyond_it_are_none() -> None:
    offsets = torch.zeros(2, 4)
    offsets[0, 0] = -5.0  # half of its width to the left
    offsets[1, 0] = 50.0  # five widths to the right, out of the image
    torch.testing.assert_close(found([[1.0], [2.0]], offsets).boxes, torch.tensor([[0.0, 0, 5, 10]]))


def test_thresholds_and_counts() -> None:
    logits = [[0.0], [1.0], [2.0]]
    assert len(found(logits, score=0.6).scores) == 2
    assert found(logits, most=1).boxes[0, 0] == 40
    assert len(found(logits, candidates=2).scores) == 2
    assert len(found(logits, most=0).scores) == 0


def test_images_of_a_batch_do_not_mix() -> None:
    logits = torch.tensor([[[1.0], [-9.0]], [[-9.0], [2.0]]])
    first, second = detections(logits, torch.zeros(2, 2, 4), ANCHORS[:2], 64, [3, 11])
    assert (first.image_id, second.image_id) == (3, 11)
    assert (float(first.boxes[0, 0]), float(second.boxes[0, 0])) == (0, 20)


def overlap(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


def by_definition(boxes: list[list[float]], labels: list[int], threshold: float) -> list[int]:
    kept: list[int] = []
    for at, box in enumerate(boxes):
        if all(labels[before] != labels[at] or overlap(boxes[before], box) <= threshold for before in kept):
            kept.append(at)
    return kept


SIZES = pytest.mark.parametrize(("count", "threshold"), [(0, 0.5), (1, 0.5), (2, 0.0), (61, 0.0), (61, 0.3), (61, 1.0)])


@pytest.fixture
def kernel_unknown() -> Iterator[None]:
    """Whether ours is there is asked anew, and again behind the test."""
    suppression.kernel_is_built.cache_clear()
    yield
    suppression.kernel_is_built.cache_clear()


@pytest.mark.compiler
@SIZES
def test_survivors_are_those_of_the_definition(count: int, threshold: float) -> None:
    hold_against_the_definition(suppress, count, threshold)


@SIZES
def test_survivors_are_the_same_without_any_kernel(
    count: int, threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchvision_nms, "unavailable", lambda _: "none")
    hold_against_the_definition(suppress_by_pytorch, count, threshold)


def hold_against_the_definition(way: Suppress, count: int, threshold: float) -> None:
    generator = torch.Generator().manual_seed(count)
    corners = torch.randint(0, 40, (count, 2), generator=generator).float()
    boxes = torch.cat([corners, corners + torch.randint(1, 31, (count, 2), generator=generator)], dim=1)
    labels = torch.randint(0, 3, (count,), generator=generator)
    assert way(boxes, labels, threshold).tolist() == by_definition(boxes.tolist(), labels.tolist(), threshold)


class Kernels:
    """torchvision's, by definition; best first, as it answers."""

    asked: ClassVar[list[int]] = []

    @classmethod
    def nms(cls, boxes: Tensor, ranks: Tensor, threshold: float) -> Tensor:
        cls.asked.append(len(boxes))
        order = ranks.argsort(descending=True)
        kept = by_definition(boxes[order].tolist(), [0] * len(boxes), threshold)
        return order[torch.tensor(kept)]


def test_torchvisions_kernel_is_asked_for_each_class_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = torch.tensor([[0.0, 0, 9, 9], [1, 0, 9, 9], [0, 0, 9, 8], [20, 0, 29, 9], [2, 0, 9, 9]])
    labels = torch.tensor([4, 4, 0, 4, 0])
    Kernels.asked.clear()
    monkeypatch.setattr(torchvision_nms, "unavailable", lambda _: None)
    monkeypatch.setattr(suppression, "library", lambda _: Kernels)
    want = by_definition(boxes.tolist(), labels.tolist(), 0.5)
    assert suppress_by_pytorch(boxes, labels, 0.5).tolist() == want == [0, 2, 3]
    assert sorted(Kernels.asked) == [2, 3]


def test_a_compiler_that_cannot_compile_costs_one_line_and_nothing_else(
    kernel_unknown: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise MachineError("opbench_boxes does not compile with c++: no such header")

    monkeypatch.setattr(functional, "unavailable", lambda _: None)
    monkeypatch.setattr(functional, "operators", broken)
    for count in (61, 2):
        hold_against_the_definition(suppress, count, 0.3)
    assert capsys.readouterr().err == (
        "boxes are suppressed in PyTorch, without our kernel: opbench_boxes does not compile with c++: no such header\n"
    )


def test_eager_pytorch_has_no_kernel_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is measured, and as an export is checked; training, validation and use have it where it is built."""

    def ours(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(suppression, "kernel_is_built", lambda: True)
    monkeypatch.setattr(functional, "nms", ours)
    boxes, logits = anchors(64), torch.full((1, 516, 2), 1.0)
    assert (eager_rows(logits, torch.zeros(1, 516, 4), boxes, 64)[0, :, 5] >= 0).sum() > 3
    with pytest.raises(AssertionError):
        detections(logits, torch.zeros(1, 516, 4), boxes, 64, [1])
