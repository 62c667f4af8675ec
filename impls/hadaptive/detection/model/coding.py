"""Boxes as offsets from anchors and back, SSD's way (arXiv 1512.02325, Eq. 2), by torchvision.

Centres in units of a tenth of the anchor's width and height, logarithms of the sizes' ratios in units of a fifth: SSD's
variances 0.1 and 0.2. Decoding holds these logarithms at log(1000 / 16), so that no offset overflows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from impls.boxes.variances import CENTRE_VARIANCE, SIDE_VARIANCE
from impls.libraries import library

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = (1 / CENTRE_VARIANCE, 1 / CENTRE_VARIANCE, 1 / SIDE_VARIANCE, 1 / SIDE_VARIANCE)
"""1 over the variances, of x, y, width and height."""


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """(n, 4) offsets of boxes (n, 4) from their anchors (n, 4), x1 y1 x2 y2 in pixels; boxes have an area."""
    offsets: Tensor = _coder().encode_single(boxes, anchors)
    return offsets


def decode(offsets: Tensor, anchors: Tensor) -> Tensor:
    """(n, 4) boxes, x1 y1 x2 y2 in pixels, from offsets (n, 4) and their anchors (n, 4)."""
    boxes: Tensor = _coder().decode_single(offsets, anchors)
    return boxes


@lru_cache(maxsize=1)
def _coder() -> Any:
    return library("torchvision.models.detection")._utils.BoxCoder(WEIGHTS)  # noqa: SLF001  (it has no public name)
