"""A detector's mean average precision on images with boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.hadaptive.detection.evaluation.mean_average_precision import evaluate
from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.postprocess import detections
from impls.hadaptive.detection.training.batches import in_order
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.detection.data.target import Target
    from impls.hadaptive.detection.evaluation.detection import Detection
    from impls.hadaptive.detection.evaluation.mean_average_precision import Evaluation
    from impls.hadaptive.detection.model.detector import Detector
    from impls.hadaptive.detection.training.batches import Examples


@torch.no_grad()
def validate(model: Detector, examples: Examples, size: int, batch: int, device: torch.device) -> Evaluation:
    """COCO's mAP in images stretched to `size` x `size`, overlaps being what they are in the originals.

    Leaves the detector in eval mode. Raises UsageError for no images, and for images without a box to find.
    """
    model.eval()
    found: list[Detection] = []
    known: list[Target] = []
    for images, targets in in_order(examples, size, batch):
        logits, offsets = model(images.to(device))
        ids = [target.image_id for target in targets]
        found += detections(logits.cpu(), offsets.cpu(), anchors(size), size, ids)
        known += targets
    if not any(bool((~target.crowd).any()) for target in known):
        raise UsageError(f"{len(known)} test images have no box to find; expected at least one, crowds not counted")
    return evaluate(found, known, len(examples.classes))
