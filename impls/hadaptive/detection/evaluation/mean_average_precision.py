"""COCO's mean average precision of boxes (Lin et al. 2014), computed as pycocotools does, which tests hold it to.

Precision is interpolated at 101 recalls and averaged over ten IoU thresholds from 0.5 to 0.95 and over the classes that
have a true box. In each image at most 100 detections of a class count, those of the highest scores. Crowds, and true
boxes of a size that is not asked for, are neither to be found nor wrong to find.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.evaluation.average_precision import ClassPrecision, class_precision
from impls.hadaptive.detection.evaluation.detection import Detection
from impls.hadaptive.detection.evaluation.matching import Matches, match_detections
from impls.hadaptive.detection.evaluation.operating_point import mean_iou, operating_score
from impls.hadaptive.detection.evaluation.overlaps import areas, overlaps
from opbench.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    Floats = npt.NDArray[np.float64]

DETECTIONS = 100
"""Of a class in an image, at most."""
SIZES: Mapping[str, tuple[float, float]] = {
    "all": (0.0, 1e5**2),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e5**2),
}
"""Square pixels, both ends included."""


@dataclass(frozen=True)
class Precisions:
    """COCO's figures, from 0 to 1; NaN where no true box is of that size or class."""

    map_50_95: float
    map_50: float
    map_75: float
    map_small: float
    map_medium: float
    map_large: float
    recall: float
    """Of all detections, averaged over thresholds and classes: pycocotools' AR at 100 detections."""
    per_class: tuple[float, ...]
    """Averaged over the ten thresholds."""
    per_class_50: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation(Precisions):
    """COCO's figures, and how well true boxes are met where the detector is used at one score (`operating_point`)."""

    mean_iou: float
    operating_score: float


@dataclass(frozen=True)
class _Pair:
    """The detections and the true boxes of one class in one image; detections from the highest score."""

    scores: Floats
    overlapping: Floats
    found_areas: Floats
    areas: Floats
    crowd: npt.NDArray[np.bool_]

    def matches(self, size: str) -> Matches:
        low, high = SIZES[size]
        outside = (self.found_areas < low) | (self.found_areas > high)
        passed_over = self.crowd | (self.areas < low) | (self.areas > high)
        return match_detections(self.scores, self.overlapping, self.crowd, passed_over, outside)


def evaluate(detections: Sequence[Detection], targets: Sequence[Target], classes: int) -> Evaluation:
    """All detections of a data set against all its targets, which both are in the pixels of the same images.

    classes: how many there are; labels are below. Images without a Detection had nothing detected.
    Raises UsageError for two Detections or targets of one image, a Detection of an image without a target, and labels
    out of range.
    """
    pairs = _pairs(detections, targets, classes)
    matches = {size: [[pair.matches(size) for pair in images] for images in pairs] for size in SIZES}
    found = {size: [class_precision(images) for images in by_class] for size, by_class in matches.items()}
    score = operating_score([one for images in matches["all"] for one in images])
    return Evaluation(
        map_50_95=_mean(found["all"]),
        map_50=_mean(found["all"], slice(0, 1)),
        map_75=_mean(found["all"], slice(5, 6)),
        map_small=_mean(found["small"]),
        map_medium=_mean(found["medium"]),
        map_large=_mean(found["large"]),
        recall=_finite_mean(np.array([one.recall for one in found["all"]])),
        per_class=tuple(float(one.average.mean()) for one in found["all"]),
        per_class_50=tuple(float(one.average[0]) for one in found["all"]),
        mean_iou=mean_iou([(pair.scores, pair.overlapping, pair.crowd) for images in pairs for pair in images], score),
        operating_score=score,
    )


def _mean(by_class: Sequence[ClassPrecision], thresholds: slice = slice(None)) -> float:
    return _finite_mean(np.array([one.average[thresholds] for one in by_class]))


def _finite_mean(values: Floats) -> float:
    """Without the classes that have no true box; NaN where none has one."""
    finite = values[~np.isnan(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _pairs(detections: Sequence[Detection], targets: Sequence[Target], classes: int) -> list[list[_Pair]]:
    """For each class its images in the order of their numbers, those without a box of the class left out."""
    by_image = {target.image_id: target for target in targets}
    found = {detection.image_id: detection for detection in detections}
    _refuse(detections, targets, classes)
    pairs: list[list[_Pair]] = [[] for _ in range(classes)]
    for image in sorted(by_image):
        for label, pair in _image_pairs(found.get(image), by_image[image]).items():
            pairs[label].append(pair)
    return pairs


def _image_pairs(detection: Detection | None, target: Target) -> dict[int, _Pair]:
    true_labels, crowd = target.labels.cpu().numpy(), target.crowd.cpu().numpy()
    true_boxes = _doubles(target.boxes)
    true_areas = areas(true_boxes) if target.areas is None else _doubles(target.areas)
    found_labels = np.zeros(0, np.int64) if detection is None else detection.labels.cpu().numpy()
    found_boxes = np.zeros((0, 4)) if detection is None else _doubles(detection.boxes)
    scores = np.zeros(0) if detection is None else _doubles(detection.scores)
    pairs: dict[int, _Pair] = {}
    for label in np.union1d(true_labels, found_labels).tolist():
        true = true_labels == label
        at = np.flatnonzero(found_labels == label)
        at = at[np.argsort(-scores[at], kind="stable")][:DETECTIONS]
        boxes = found_boxes[at]
        overlapping = overlaps(boxes, true_boxes[true], crowd[true])
        pairs[label] = _Pair(scores[at], overlapping, areas(boxes), true_areas[true], crowd[true])
    return pairs


def _doubles(values: Tensor) -> Floats:
    return values.detach().cpu().numpy().astype(np.float64)


def _refuse(detections: Sequence[Detection], targets: Sequence[Target], classes: int) -> None:
    asked = _each_once("targets", [target.image_id for target in targets])
    if unknown := _each_once("detections", [one.image_id for one in detections]) - asked:
        raise UsageError(f"detections of image {min(unknown)}, which has no target; expected one of the {len(asked)}")
    labelled: list[Detection | Target] = [*detections, *targets]
    for one in labelled:
        if len(one.labels) and not 0 <= int(one.labels.min()) <= int(one.labels.max()) < classes:
            raise UsageError(
                f"labels of image {one.image_id} go from {one.labels.min()} to {one.labels.max()}; expected 0 to "
                f"{classes - 1}, for {classes} classes"
            )


def _each_once(kind: str, numbers: Sequence[int]) -> set[int]:
    counts: dict[int, int] = defaultdict(int)
    for number in numbers:
        counts[number] += 1
    if twice := [number for number, count in counts.items() if count > 1]:
        raise UsageError(f"{kind} of image {twice[0]} come {counts[twice[0]]} times; expected once, with all its boxes")
    return set(counts)
