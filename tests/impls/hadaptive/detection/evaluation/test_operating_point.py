"""The score a detector is used at, and the mean IoU there, counted by hand."""

from __future__ import annotations

import math

import pytest

from impls.hadaptive.detection.evaluation.mean_average_precision import evaluate
from tests.impls.hadaptive.detection.boxes import detection, target

ONE, TWO, THREE = (0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10)
NOWHERE = (60, 60, 70, 70)


def test_the_score_is_the_one_of_the_highest_f1() -> None:
    """Hit, miss, hit, miss, miss: F1 is 2/4, 2/5, 4/6, 4/7, 4/8 of three true boxes."""
    found = evaluate(
        [detection(1, ONE, NOWHERE, TWO, NOWHERE, NOWHERE, scores=[0.875, 0.75, 0.625, 0.5, 0.375])],
        [target(1, ONE, TWO, THREE)],
        1,
    )
    assert found.operating_score == 0.625
    assert found.mean_iou == pytest.approx(2 / 3)


def test_detections_of_one_score_come_together() -> None:
    """2/3 for the sure hit alone. With the other it would be 4/4, but with all of its score it is 4/12."""
    others = [TWO, *[NOWHERE] * 8]
    found = evaluate([detection(1, ONE, *others, scores=[0.75, *[0.5] * 9])], [target(1, ONE, TWO)], 1)
    assert found.operating_score == 0.75
    assert found.mean_iou == 0.5


def test_of_equal_f1_the_highest_score() -> None:
    """2/3 after one hit of two; 4/6 after two hits and two misses."""
    found = evaluate(
        [detection(1, ONE, NOWHERE, NOWHERE, TWO, scores=[0.875, 0.75, 0.625, 0.5])], [target(1, ONE, TWO)], 1
    )
    assert found.operating_score == 0.875
    assert found.mean_iou == 0.5


def test_a_true_box_has_its_best_detection_of_its_class_in_its_image() -> None:
    """0.8 and not the 0.5 that comes first; nothing of the box of the other class, nor of the other image."""
    found = evaluate(
        [detection(1, (0, 0, 10, 5), (0, 0, 10, 8), TWO, scores=[0.5] * 3), detection(2, THREE, scores=[0.5])],
        [target(1, ONE, TWO, labels=[0, 1]), target(2, ONE)],
        2,
    )
    assert found.mean_iou == pytest.approx(0.8 / 3)


def test_crowds_are_not_met() -> None:
    found = evaluate([detection(1, ONE)], [target(1, ONE, TWO, crowd=[False, True])], 1)
    assert found.mean_iou == 1


def test_nothing_detected_is_zero_and_nothing_to_detect_is_undefined() -> None:
    assert evaluate([], [target(1, ONE)], 1).mean_iou == 0
    assert math.isnan(evaluate([], [target(1, ONE)], 1).operating_score)
    assert math.isnan(evaluate([detection(1, ONE)], [target(1)], 1).mean_iou)
    assert math.isnan(evaluate([], [target(1)], 1).mean_iou)
