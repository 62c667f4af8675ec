"""An image's detections in float64, one candidate after another, and whether rounding decides any of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from impls.detectors.models import MODELS, MOST
from impls.detectors.outputs import PAD
from impls.hadaptive.detection.model.postprocess import CANDIDATES, OVERLAP, SCORE
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from opbench import Point

NEAR_OVERLAP, NEAR_PIXELS = 1e-5, 1e-3
"""How far float32 may move an overlap and a box's edge; a logit: `Model.near`."""

THRESHOLD = math.log(SCORE / (1 - SCORE))
"""The logit of the least score."""

CENTRE, GROWTH, LARGEST = 0.1, 0.2, 1000 / 16
"""SSD's variances, and how much wider than its anchor a box may be; written again, because a reference that
took the product's numbers would take their faults."""

Array = np.ndarray[Any, np.dtype[Any]]


def expected(logits: Tensor, offsets: Tensor, anchors: Tensor, point: Point) -> Tensor:
    """(100, 6) of one image's logits (A, classes) and offsets (A, 4), in float64; anchors (A, 4) in pixels.

    Raises UsageError where float32 may find other detections, or in another order.
    """
    found = Survivors(point)
    for logit, label, box in _candidates(logits, offsets, anchors, point):
        if len(found.logits) > MOST:  # one more than are wanted: its score may be that of the last
            break
        found.meet(logit, label, box)
    rows = torch.tensor(PAD, dtype=torch.float64).repeat(MOST, 1)
    for row, logit, label, box in zip(rows, found.logits, found.labels, found.boxes, strict=False):
        row[:] = torch.tensor([*box.clip(0, point.axes["edge"]), _score(logit), label])
    return rows.to(logits.device)


def _candidates(logits: Tensor, offsets: Tensor, anchors: Tensor, point: Point) -> Iterator[tuple[float, int, Array]]:
    """Logit, class and box, not clipped, of the best above the threshold, best first."""
    flat = logits.flatten().cpu().numpy()
    order = np.argsort(-flat, kind="stable")
    near = MODELS[point.operator].near
    coded, boxes = offsets.cpu().numpy(), anchors.cpu().numpy()
    for rank, place in enumerate(order[: CANDIDATES + 1]):
        logit = float(flat[place])
        if abs(logit - THRESHOLD) < near:
            raise _undecided(point, "a score is as good as the threshold's")
        if rank == CANDIDATES and flat[order[rank - 1]] - logit < near:
            raise _undecided(point, f"the {CANDIDATES}th score is as good as the next")
        if logit < THRESHOLD or rank == CANDIDATES:
            return
        anchor, label = divmod(int(place), logits.shape[1])
        yield logit, label, _box(coded[anchor], boxes[anchor])


def _box(coded: Array, anchor: Array) -> Array:
    size, centre = anchor[2:] - anchor[:2], (anchor[2:] + anchor[:2]) / 2
    middle = centre + CENTRE * coded[:2] * size
    half = size * np.exp(np.minimum(GROWTH * coded[2:], math.log(LARGEST))) / 2
    return np.concatenate([middle - half, middle + half])


@dataclass
class Survivors:
    """Of one image, so far; boxes not clipped."""

    point: Point
    logits: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    boxes: list[Array] = field(default_factory=list)

    def meet(self, logit: float, label: int, box: Array) -> None:
        """One candidate more: it is no box, or suppressed, or the next survivor. Raises UsageError as `expected`."""
        edge = self.point.axes["edge"]
        visible = float((np.minimum(box[2:], edge) - np.maximum(box[:2], 0)).min())
        if abs(visible) < NEAR_PIXELS:
            raise _undecided(self.point, f"{visible:.1g} pixels of a box are within the image")
        if visible < 0:
            return
        rivals = [at for at, other in enumerate(self.labels) if other == label]
        overlaps = {at: _overlap(self.boxes[at].clip(0, edge), box.clip(0, edge)) for at in rivals}
        if any(one > OVERLAP + NEAR_OVERLAP and self._is_better(at, logit) for at, one in overlaps.items()):
            return
        if any(one > OVERLAP - NEAR_OVERLAP for one in overlaps.values()):
            raise _undecided(self.point, "two boxes of a class overlap as much as they may, or have the same score")
        if self.logits and not self._is_better(-1, logit):
            raise _undecided(self.point, f"the scores of detections {len(self.logits)} and the next are alike")
        self.logits.append(logit)
        self.labels.append(label)
        self.boxes.append(box)

    def _is_better(self, at: int, logit: float) -> bool:
        """Whether a survivor is, beyond doubt."""
        return self.logits[at] - logit > MODELS[self.point.operator].near


def _score(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _overlap(one: Array, other: Array) -> float:
    sides = (np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])).clip(0)
    shared = float(sides.prod())
    return shared / (float((one[2:] - one[:2]).prod()) + float((other[2:] - other[:2]).prod()) - shared)


def _undecided(point: Point, why: str) -> UsageError:
    return UsageError(
        f"{point}: {why}, and {point.dtype} may find other detections than float64; ask for another batch or edge"
    )
