"""A detector used at one score: where its F1 is best, and the mean IoU there.

The paper's Table 6 has a column "mIOU" that nothing defines. Ours is the mean, over the true boxes that are no crowds,
of the highest IoU with a detection of the same class in the same image whose score is at least the operating score; 0
for a true box without such a detection. The operating score is the one with the highest F1 at IoU 0.5 over all classes
on the images that are evaluated. Without it the measure would only rise as more boxes are drawn. The paper's figures
(`reported`) are not comparable to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from impls.hadaptive.detection.evaluation.matching import Matches

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def operating_score(matches: Sequence[Matches]) -> float:
    """The score s at which 2 hits / (detections that count + true boxes) of detections >= s is highest at IoU 0.5.

    matches: of every class in every image. Of equal F1 the highest score; NaN where nothing was detected.
    """
    scores = np.concatenate([image.scores for image in matches]) if matches else np.zeros(0)
    if not len(scores):
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.concatenate([image.hits[0] for image in matches])[order].cumsum()
    counting = np.concatenate([~image.ignored[0] for image in matches])[order].cumsum()
    wanted = sum(image.wanted for image in matches)
    f1 = 2 * hits / np.maximum(counting + wanted, 1)
    # Detections of one score come together or not at all.
    last = np.flatnonzero(np.append(np.diff(scores[order]) < 0, True))
    return float(scores[order][last[f1[last].argmax()]])


def mean_iou(overlapping: Iterable[tuple[Floats, Floats, npt.NDArray[np.bool_]]], score: float) -> float:
    """The mean of true boxes' highest IoU; NaN for no true box that is no crowd, 0 for a score of NaN.

    overlapping: of every class in every image, scores (D,), overlaps (D, G) and crowd (G,).
    """
    best = [
        np.where(scores[:, None] >= score, overlaps, 0).max(axis=0, initial=0)[~crowd]
        for scores, overlaps, crowd in overlapping
    ]
    each = np.concatenate(best) if best else np.zeros(0)
    return float(each.mean()) if len(each) else float("nan")
