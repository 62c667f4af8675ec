"""Our average precision is pycocotools' on data sets that are drawn, and on those where the two could part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.evaluation.by_pycocotools import coco_precisions
from impls.hadaptive.detection.evaluation.detection import Detection
from impls.hadaptive.detection.evaluation.mean_average_precision import Precisions, evaluate
from tests.impls.hadaptive.detection.boxes import boxes, detection, target

pytestmark = pytest.mark.skipif(find_spec("pycocotools") is None, reason="pycocotools is not installed")

CLASSES = 3
SQUARE = (8.0, 8.0, 24.0, 24.0)
AREAS = (31.0**2, 32.0**2, 33.0**2, 96.0**2, 97.0**2)


def assert_as_pycocotools(detections: Sequence[Detection], targets: Sequence[Target], classes: int = CLASSES) -> None:
    ours, theirs = evaluate(detections, targets, classes), coco_precisions(detections, targets, classes)
    for field in fields(Precisions):
        actual, expected = getattr(ours, field.name), getattr(theirs, field.name)
        assert actual == pytest.approx(expected, rel=0, abs=1e-12, nan_ok=True), field.name


def drawn_boxes(draw: np.random.Generator, count: int) -> torch.Tensor:
    """On a grid of 8 pixels, so that many overlaps are equal, and some boxes are twice there."""
    corner, size = draw.integers(0, 12, (count, 2)) * 8, draw.integers(1, 15, (count, 2)) * 8
    return boxes(*np.concatenate([corner, corner + size], axis=1).tolist())


def drawn_image(draw: np.random.Generator, image: int) -> tuple[Detection, Target]:
    """Detections on the true boxes, beside them, of the wrong class, and anywhere; scores of two digits at most."""
    true, spare = int(draw.integers(0, 7)), int(draw.integers(0, 9))
    truth, labels = drawn_boxes(draw, true), torch.from_numpy(draw.integers(0, CLASSES, true))
    moved = truth + torch.from_numpy(draw.integers(-8, 9, (true, 4)).astype(np.float32))
    found = torch.cat([truth, moved.sort(dim=1).values, drawn_boxes(draw, spare)])  # corners in order, whatever moved
    found_labels = torch.cat([labels, labels, torch.from_numpy(draw.integers(0, CLASSES, spare))])
    scores = torch.from_numpy(draw.integers(0, draw.choice([3, 100]), len(found)) / 100).float()
    areas = torch.from_numpy(draw.choice(AREAS, true)).float() if draw.random() < 0.5 else None
    crowd = torch.from_numpy(draw.random(true) < 0.25)
    return Detection(image, found, scores, found_labels), Target(truth, labels, image, crowd, areas)


@settings(max_examples=60)
@given(seed=some.integers(0, 2**32), images=some.integers(1, 5))
def test_on_drawn_data_sets(seed: int, images: int) -> None:
    draw = np.random.default_rng(seed)
    numbers = draw.permutation(7)[:images].tolist()
    pairs = [drawn_image(draw, image) for image in numbers]
    kept = [found for found, _ in pairs if draw.random() < 0.9]
    assert_as_pycocotools(kept, [true for _, true in pairs])


def moved(x: float, box: Sequence[float] = SQUARE) -> tuple[float, ...]:
    return (box[0] + x, box[1], box[2] + x, box[3])


HAND_MADE = {
    "equal scores, the hit last": ([detection(1, moved(64), SQUARE, scores=[0.5, 0.5])], [target(1, SQUARE)]),
    "equal scores over images, the hit in the later": (
        [detection(3, SQUARE, scores=[0.5]), detection(2, moved(64), scores=[0.5])],
        [target(3, SQUARE), target(2, SQUARE)],
    ),
    "true boxes overlapped alike": (
        [detection(1, SQUARE, moved(6), moved(-6))],
        [target(1, moved(3), moved(-3), labels=[0, 0])],
    ),
    "one box detected three times": ([detection(1, SQUARE, SQUARE, SQUARE)], [target(1, SQUARE)]),
    "one box annotated three times": ([detection(1, SQUARE, SQUARE)], [target(1, SQUARE, SQUARE, SQUARE)]),
    "nothing detected": ([], [target(1, SQUARE)]),
    "an empty detection": ([detection(1)], [target(1, SQUARE)]),
    "nothing to be found": ([detection(1, SQUARE)], [target(1)]),
    "nothing at all": ([], [target(1)]),
    "a class without a true box": ([detection(1, SQUARE, SQUARE, labels=[0, 2])], [target(1, SQUARE)]),
    "a crowd takes many": (
        [detection(1, SQUARE, moved(2), moved(4), moved(64))],
        [target(1, (0, 0, 40, 40), SQUARE, crowd=[True, False])],
    ),
    "only a crowd": ([detection(1, SQUARE)], [target(1, (0, 0, 40, 40), crowd=[True])]),
    "a crowd overlapped more than a box": (
        [detection(1, moved(1), moved(1))],
        [target(1, SQUARE, moved(1), crowd=[False, True])],
    ),
    "ignored before the first that counts": (
        [detection(1, (30, 30, 40, 40), SQUARE)],
        [target(1, (28, 28, 60, 60), SQUARE, crowd=[True, False])],
    ),
    "an overlap of exactly a threshold": ([detection(1, (0, 0, 16, 12))], [target(1, (0, 0, 16, 16))]),
    "boxes that touch": ([detection(1, moved(16))], [target(1, SQUARE)]),
    "boxes without area": ([detection(1, (8, 8, 8, 24), SQUARE)], [target(1, (8, 8, 8, 24), SQUARE)]),
    "areas at the ends of sizes": (
        [detection(1, (0, 0, 32, 32), (0, 40, 96, 136), (100, 0, 101, 1))],
        [target(1, (0, 0, 32, 32), (0, 40, 96, 136), (100, 0, 101, 1))],
    ),
    "a hit of another size than its true box": ([detection(1, (0, 0, 31, 31))], [target(1, (0, 0, 33, 33))]),
}


@pytest.mark.parametrize("case", HAND_MADE)
def test_where_the_two_could_part(case: str) -> None:
    assert_as_pycocotools(*HAND_MADE[case])


def test_only_a_hundred_detections_of_a_class_count_in_an_image() -> None:
    wrong = [moved(64)] * 101
    for place, expected in ((99, 1 / 100), (100, 0.0)):
        found = [*wrong[:place], SQUARE, *wrong[place + 1 :]]
        scores = [1 - at / 256 for at in range(101)]
        detections, targets = [detection(1, *found, scores=scores)], [target(1, SQUARE)]
        assert evaluate(detections, targets, 1).map_50 == pytest.approx(expected)
        assert_as_pycocotools(detections, targets)
