"""From a detector's logits and offsets to detections: threshold, the best, boxes, suppression by class, at most 100."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impls.hadaptive.detection.evaluation.detection import Detection
from impls.hadaptive.detection.model.coding import decode
from impls.hadaptive.detection.model.suppression import Suppress, suppress

SCORE, CANDIDATES, OVERLAP, MOST = 0.01, 1000, 0.5, 100
"""Least score and largest overlap as torchvision's SSD; candidates as its RetinaNet. COCO looks at 100 of a
class in an image; these are 100 of all classes together, as SSD has it (arXiv 1512.02325 keeps 200)."""


@torch.no_grad()
def detections(
    logits: Tensor,
    offsets: Tensor,
    anchors: Tensor,
    size: int,
    image_ids: Sequence[int],
    *,
    score: float = SCORE,
    candidates: int = CANDIDATES,
    overlap: float = OVERLAP,
    most: int = MOST,
    suppression: Suppress = suppress,
) -> list[Detection]:
    """One Detection an image, best first, boxes in pixels of the size x size image and clipped to it.

    logits (B, A, classes), offsets (B, A, 4), anchors (A, 4). Of all anchors and classes of an image with a score above
    `score` the best `candidates` are decoded, and of the survivors of a suppression by class the best `most` are kept.
    A score that is NaN is above nothing; a box that is not finite or has no area after clipping is none. Better is what
    has the higher logit, also where scores are equal, as near 1. Of equal logits the anchor that comes first is better,
    and of its classes the first: so results do not depend on a sort. By every `suppression` the same survive.
    """
    return [
        _of_one(*given, anchors, size, (score, overlap), (candidates, most), suppression)
        for given in zip(logits.float(), offsets.float(), image_ids, strict=True)
    ]


def _of_one(
    logits: Tensor,
    offsets: Tensor,
    image_id: int,
    anchors: Tensor,
    size: int,
    thresholds: tuple[float, float],
    counts: tuple[int, int],
    suppression: Suppress,
) -> Detection:
    flat, scores = logits.flatten(), logits.flatten().sigmoid()
    above = (scores > thresholds[0]).nonzero().squeeze(1)
    order = flat[above].argsort(descending=True, stable=True)[: counts[0]]
    chosen = above[order]
    anchor, labels = chosen // logits.shape[1], chosen % logits.shape[1]
    boxes = decode(offsets[anchor], anchors[anchor]).clamp(0, size)
    real = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(dim=1)  # of NaN it is not
    boxes, labels, best = boxes[real], labels[real], scores[chosen][real]
    kept = suppression(boxes, labels, thresholds[1])[: counts[1]]
    return Detection(image_id, boxes[kept], best[kept], labels[kept])
