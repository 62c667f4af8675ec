"""How much boxes overlap, as pycocotools computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def areas(boxes: Floats) -> Floats:
    """Of boxes, (n, 4) x1 y1 x2 y2: (n,) square pixels."""
    sizes: Floats = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return sizes


def overlaps(found: Floats, truth: Floats, crowd: npt.NDArray[np.bool_]) -> Floats:
    """Intersection over union of every detection and every true box; 0 where they only touch.

    For a crowd it is intersection over the detection's own area: a box around one of many is all inside.
    found: (D, 4), truth: (G, 4), x1 y1 x2 y2, crowd: (G,). Returns (D, G) float64.
    """
    corners = np.minimum(found[:, None, 2:], truth[None, :, 2:]) - np.maximum(found[:, None, :2], truth[None, :, :2])
    shared = np.where((corners > 0).all(axis=2), corners[..., 0] * corners[..., 1], 0)
    own, other = areas(found)[:, None], areas(truth)[None]
    whole = np.where(crowd[None], own, own + other - shared)
    # Boxes that share nothing may have no area between them.
    return np.divide(shared, whole, out=np.zeros_like(shared), where=shared > 0)
