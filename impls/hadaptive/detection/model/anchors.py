"""SSD's default boxes: six a place, on maps of strides 8 to 128.

The paper (section A.4) has maps of 38x38 down to 1x1, which are SSD300's; an image of 320x320 at these strides gives
40, 20, 10, 5 and 3. It prints five ratios and six boxes, so one ratio comes twice: as in SSD (arXiv 1512.02325, section
2.2) that is 1:1, once at the map's scale and once at the geometric mean with the next map's. It gives no scales.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from impls.hadaptive.detection.data.target import SIZE
from impls.libraries import library
from opbench.errors import UsageError

STRIDES = (8, 16, 32, 64, 128)
RATIOS = (2, 3)
"""Beside 1:1 twice, each also upright."""
PER_PLACE = 2 + 2 * len(RATIOS)
SCALES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Of the image's edge: each map's, and the one that the last map's geometric mean is with. SSD's linear rule from 0.1,
because the finest map has stride 8: at 320 pixels its squares are 32 and 55 and a square of 23 still overlaps by half.
"""
LEAST = 64


def map_edges(size: int) -> tuple[int, ...]:
    """The edge of each map, finest first, for images of `size` x `size`: 40, 20, 10, 5, 3 for 320.

    Up to stride 64 edges are whole; the last stage is a 3x3 window with zeros around, which rounds up.
    Raises UsageError for a size that is no multiple of 64.
    """
    if size < LEAST or size % LEAST:
        raise UsageError(f"images of {size!r} pixels; expected a multiple of {LEAST}, as the paper's {SIZE}")
    return tuple(-(-size // stride) for stride in STRIDES)


@lru_cache(maxsize=4)
def anchors(size: int = SIZE) -> Tensor:
    """(A, 4) float32 x1 y1 x2 y2 in pixels, map by map, row by row, six a place; A is 12,804 for 320. Do not change it.

    Centres divide the image evenly by the map's edge. At stride 128 that is not the stride: a 3x3 map of 320 pixels has
    its centres at 53, 160 and 267, where steps of 128 would put a third of them on the border. Boxes may stick out of
    the image, and are no wider than it. Raises UsageError as `map_edges`, MachineError without torchvision.
    """
    detection = library("torchvision.models.detection")
    boxes = detection.anchor_utils.DefaultBoxGenerator([list(RATIOS)] * len(STRIDES), scales=list(SCALES))
    images = detection.image_list.ImageList(torch.empty(1, 0, size, size), [(size, size)])
    found: Tensor = boxes(images, [torch.empty(1, 0, edge, edge) for edge in map_edges(size)])[0]
    return found
