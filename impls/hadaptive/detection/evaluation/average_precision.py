"""Average precision of one class over a data set, from the matches of its images (pycocotools' `accumulate`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from impls.hadaptive.detection.evaluation.matching import THRESHOLDS, Matches

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RECALLS = np.linspace(0, 1, 101)
"""At which precision is read off and averaged."""


@dataclass(frozen=True)
class ClassPrecision:
    """At each of THRESHOLDS: average precision, (T,), and the recall of all detections, (T,). NaN for no true box."""

    average: Floats
    recall: Floats


def class_precision(images: Sequence[Matches]) -> ClassPrecision:
    """Detections of all images in one order, by score; of equal scores those of the earlier image first.

    Precision at a recall is the highest that any recall from there on has, and 0 beyond the highest recall.
    """
    wanted = sum(image.wanted for image in images)
    if not wanted:
        absent = np.full(len(THRESHOLDS), np.nan)
        return ClassPrecision(absent, absent)
    order = np.argsort(-np.concatenate([image.scores for image in images]), kind="stable")
    hits = np.concatenate([image.hits for image in images], axis=1)[:, order]
    ignored = np.concatenate([image.ignored for image in images], axis=1)[:, order]
    right = hits.cumsum(axis=1, dtype=np.float64)
    wrong = (~hits & ~ignored).cumsum(axis=1, dtype=np.float64)
    recall = right / wanted
    precision = right / (right + wrong + np.spacing(1))  # ignored detections may come first, when both are 0
    highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    return ClassPrecision(
        np.array([_read_off(*row) for row in zip(recall, highest, strict=True)]),
        recall[:, -1] if len(order) else np.zeros(len(THRESHOLDS)),
    )


def _read_off(recall: Floats, highest: Floats) -> float:
    """The mean over RECALLS. recall: (D,), rising; highest: (D,), falling."""
    places = np.searchsorted(recall, RECALLS, side="left")
    return float(np.append(highest, 0.0)[places].mean())
