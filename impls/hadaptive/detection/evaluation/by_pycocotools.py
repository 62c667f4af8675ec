"""The same figures by pycocotools, as a second opinion."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.evaluation.detection import Detection
from impls.hadaptive.detection.evaluation.mean_average_precision import Precisions
from impls.installed import why_not_installed
from opbench.errors import MachineError

if TYPE_CHECKING:
    import numpy.typing as npt


def coco_precisions(detections: Sequence[Detection], targets: Sequence[Target], classes: int) -> Precisions:
    """What `mean_average_precision.evaluate` says but mean IoU, from pycocotools. Raises MachineError without it."""
    if (reason := why_not_installed("pycocotools", "pycocotools")) is not None:
        raise MachineError(reason)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints as it goes
        judged = _judged(detections, targets, classes)
    stats = [float("nan") if value < 0 else float(value) for value in judged.stats]
    precision = judged.eval["precision"][:, :, :, 0, -1]  # thresholds, recalls, classes; -1 for no true box
    by_class = np.where(precision < 0, np.nan, precision)
    return Precisions(
        map_50_95=stats[0], map_50=stats[1], map_75=stats[2],
        map_small=stats[3], map_medium=stats[4], map_large=stats[5], recall=stats[8],
        per_class=tuple(by_class.mean(axis=(0, 1)).tolist()),
        per_class_50=tuple(by_class[0].mean(axis=0).tolist()),
    )  # fmt: skip


def _judged(detections: Sequence[Detection], targets: Sequence[Target], classes: int) -> Any:
    true = _dataset([box for target in targets for box in _true(target)], targets, classes)
    found = _dataset([box for detection in detections for box in _found(detection)], targets, classes)
    judged = import_module("pycocotools.cocoeval").COCOeval(true, found, "bbox")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    return judged


def _dataset(boxes: list[dict[str, Any]], targets: Sequence[Target], classes: int) -> Any:
    """Numbered from 1: pycocotools takes a match with the box of number 0 for none."""
    dataset = import_module("pycocotools.coco").COCO()
    dataset.dataset = {
        "images": [{"id": target.image_id} for target in targets],
        "categories": [{"id": label, "name": str(label)} for label in range(classes)],
        "annotations": [{**box, "id": number} for number, box in enumerate(boxes, 1)],
    }
    dataset.createIndex()
    return dataset


def _true(target: Target) -> list[dict[str, Any]]:
    boxes = _as_coco(target.boxes.numpy())
    areas = [w * h for _, _, w, h in boxes] if target.areas is None else target.areas.double().tolist()
    rows = zip(boxes, areas, target.labels.tolist(), target.crowd.tolist(), strict=True)
    return [_box(target.image_id, box, area, label) | {"iscrowd": int(crowd)} for box, area, label, crowd in rows]


def _found(detection: Detection) -> list[dict[str, Any]]:
    rows = zip(
        _as_coco(detection.boxes.numpy()), detection.scores.double().tolist(), detection.labels.tolist(), strict=True
    )
    return [
        _box(detection.image_id, box, box[2] * box[3], label) | {"score": score, "iscrowd": 0}
        for box, score, label in rows
    ]


def _box(image: int, box: list[float], area: float, label: int) -> dict[str, Any]:
    return {"image_id": image, "category_id": label, "bbox": box, "area": area}


def _as_coco(boxes: npt.NDArray[np.float32]) -> list[list[float]]:
    corners = boxes.astype(np.float64)
    rows: list[list[float]] = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1).tolist()
    return rows
