"""Average precision counted by hand, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch

from impls.hadaptive.detection.evaluation.detection import Detection
from impls.hadaptive.detection.evaluation.mean_average_precision import evaluate
from opbench.errors import UsageError
from tests.impls.hadaptive.detection.boxes import boxes, detection, target

ONE, TWO, THREE = (0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10)
NOWHERE = (60, 60, 70, 70)


def test_all_found_and_nothing_else_is_one() -> None:
    found = evaluate([detection(5, TWO, ONE)], [target(5, ONE, TWO)], 1)
    assert (found.map_50_95, found.map_50, found.map_75, found.recall, found.mean_iou) == pytest.approx((1,) * 5)
    assert found.map_small == pytest.approx(1)
    assert math.isnan(found.map_large)


def test_precision_at_a_recall_is_the_highest_from_there_on() -> None:
    """Hit, miss, hit, of three: precision 1 up to recall 1/3 (34 of 101 recalls), 2/3 up to 2/3 (33 more), then 0."""
    found = evaluate([detection(1, ONE, NOWHERE, THREE)], [target(1, ONE, TWO, THREE)], 1)
    assert found.map_50 == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)


def test_an_overlap_counts_at_the_thresholds_that_it_reaches() -> None:
    """An IoU of 0.72: a hit at 0.5, 0.55, 0.6, 0.65, 0.7 and at no other."""
    found = evaluate([detection(1, (0, 0, 10, 7.2))], [target(1, ONE)], 1)
    assert (found.map_50, found.map_75, found.map_50_95) == pytest.approx((1, 0, 0.5))


def test_classes_are_averaged_where_they_have_a_true_box() -> None:
    found = evaluate(
        [detection(1, ONE, TWO, THREE, labels=[0, 1, 3])], [target(1, ONE, TWO, THREE, labels=[0, 2, 2])], 4
    )
    assert found.per_class_50 == pytest.approx((1, math.nan, 0, math.nan), nan_ok=True)
    assert found.map_50 == pytest.approx(0.5)


def test_the_order_of_images_is_of_no_account() -> None:
    detections = [detection(image, ONE, NOWHERE, scores=[image / 9, 0.5]) for image in (2, 3, 5)]
    targets = [target(image, ONE, TWO) for image in (5, 2, 3)]
    found, other = evaluate(detections, targets, 1), evaluate(detections[::-1], targets[::-1], 1)
    assert str(found) == str(other)  # NaN too, which equals nothing


def test_two_detections_of_one_image_are_refused() -> None:
    with pytest.raises(UsageError, match="detections of image 7 come 2 times; expected once"):
        evaluate([detection(7, ONE), detection(7)], [target(7, ONE)], 1)
    with pytest.raises(UsageError, match="targets of image 7 come 3 times; expected once"):
        evaluate([], [target(7)] * 3, 1)


def test_a_detection_of_an_image_without_a_target_is_refused() -> None:
    with pytest.raises(UsageError, match="detections of image 8, which has no target; expected one of the 1"):
        evaluate([detection(8, ONE)], [target(7, ONE)], 1)


def test_labels_beyond_the_classes_are_refused() -> None:
    for label in (-1, 2):
        with pytest.raises(UsageError, match=f"labels of image 7 go from {label} to {label}; expected 0 to 1"):
            evaluate([detection(7, ONE, labels=[label])], [target(7, ONE)], 2)
        with pytest.raises(UsageError, match="labels of image 7"):
            evaluate([], [target(7, ONE, labels=[label])], 2)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="scores of image 7 are not all finite"):
        detection(7, ONE, scores=[value])
    with pytest.raises(UsageError, match="boxes of image 7 are not all finite"):
        detection(7, (0, 0, value, 1))


def test_tensors_of_other_kinds_are_refused() -> None:
    good = {"boxes": boxes(ONE), "scores": torch.ones(1), "labels": torch.zeros(1, dtype=torch.int64)}
    wrong = {
        "boxes": torch.ones(1, 5), "scores": torch.ones(1, dtype=torch.float64), "labels": torch.zeros(2).long()
    }  # fmt: skip
    for name, value in wrong.items():
        with pytest.raises(UsageError, match=rf"detections' {name} are .*; expected"):
            Detection(7, **{**good, name: value})
