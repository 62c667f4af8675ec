"""The least work of a detector: its network's, and of post-processing what does not depend on the image.

That is one sigmoid and one decoded box for each of the 1000 best scores. How many overlaps have to be computed depends
on who survives: none are counted. With 100 survivors and 1000 candidates they are at most 100,000 of a dozen
operations, 1.2 M of the hundreds of millions that the network has. Sorting and comparing are no arithmetic here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.detectors.building import skeleton
from impls.detectors.models import FIELDS, MOST, anchor_count
from impls.detectors.outputs import flat
from impls.hadaptive.detection.model.coding import decode
from impls.hadaptive.detection.model.postprocess import CANDIDATES
from impls.seeded import itemsize
from opbench import Work
from opbench.counting.torch_counter import count_with_torch

if TYPE_CHECKING:
    from impls.hadaptive.detection.model.detector import Detector
    from opbench import Point


class Counted(nn.Module):
    """(B, 3, S, S) to the flat output, or with `nms` to (B, K, 5), the best candidates' boxes and scores."""

    def __init__(self, detector: Detector, anchors: int, *, nms: bool) -> None:
        super().__init__()
        self.detector, self.nms = detector, nms
        self.register_buffer("anchors", torch.empty(anchors, 4, device="meta"))

    def forward(self, x: Tensor) -> Tensor:
        logits, offsets = self.detector(x)
        return self._decoded(logits, offsets) if self.nms else flat(logits, offsets)

    def _decoded(self, logits: Tensor, offsets: Tensor) -> Tensor:
        rows = logits.flatten(1)
        best, place = rows.topk(min(CANDIDATES, rows.shape[1]), dim=1)
        anchor = place // logits.shape[2]
        chosen = offsets.gather(1, anchor[:, :, None].expand(-1, -1, 4)).flatten(0, 1)
        boxes = decode(chosen, self.get_buffer("anchors")[anchor.flatten()])
        return torch.cat([boxes, best.sigmoid().flatten()[:, None]], dim=1)


def counted_part(point: Point) -> Counted:
    """What `work` counts, on device `meta`."""
    axes = point.axes
    detector = skeleton(point.operator, str(axes["head"]), axes["classes"])
    return Counted(detector, anchor_count(axes["edge"]), nms=bool(axes["nms"]))


def work(point: Point) -> Work:
    """As torch's counter finds it. Raises UsageError for an edge that is no multiple of 64."""
    axes, size = point.axes, itemsize(point)
    batch, edge, classes = axes["batch"], axes["edge"], axes["classes"]
    anchors, nms = anchor_count(edge), bool(axes["nms"])
    read = _state_elements(point.operator, str(axes["head"]), classes) + batch * 3 * edge**2 + 4 * anchors * nms
    written = batch * (MOST * FIELDS if nms else anchors * (classes + 4))
    counts = _counts(point.operator, str(axes["head"]), classes, batch, edge, nms=nms)
    return Work(**counts, bytes_read=size * read, bytes_written=size * written)


@lru_cache(maxsize=64)
@torch.no_grad()
def _counts(name: str, head: str, classes: int, batch: int, edge: int, *, nms: bool) -> Mapping[str, int]:
    counted = Counted(skeleton(name, head, classes), anchor_count(edge), nms=nms)
    return count_with_torch(counted, (torch.empty((batch, 3, edge, edge), device="meta"),))


@lru_cache(maxsize=32)
def _state_elements(name: str, head: str, classes: int) -> int:
    """Of the parameters and of BatchNorm's statistics; its counter of batches is read by nobody."""
    state = skeleton(name, head, classes).state_dict().values()
    return sum(tensor.numel() for tensor in state if tensor.is_floating_point())
