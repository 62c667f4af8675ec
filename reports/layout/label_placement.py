"""Where boxes of text go beside points: near their own, and neither over each other nor over what is drawn.

Each box may stand at any of some places around its point, the nearest are the best. From a first choice, every box
moves in turn to the place that costs least given all others, until none moves. Nothing is random: the same points
have the same places. All lengths are in points (1/72 inch), boxes are (left, bottom, right, top).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DISTANCES = (5.0, 8.0, 13.0, 20.0, 28.0, 38.0, 50.0)  # from the point to the nearest edge of its box
_ANGLES = 24
_LEADER = 10.0
_ROUNDS = 30
_MARKER, _HAIR = 4.5, 1.2  # half of what a marker takes, and of a thin line
_OVER_BOX, _OVER_MARKER, _OVER_LINE, _OUTSIDE = 8.0, 6.0, 1.5, 30.0
"""What a square point of overlap costs, or a point outside the frame, where a point of distance costs 1."""
_STEPS, _CROSSING = 8, 10.0
"""Points along a leader, and what each of them within another's box or marker costs."""


def placed(
    points: NDArray[np.float64],
    sizes: Sequence[tuple[float, float]],
    lines: NDArray[np.float64],
    frame: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Place for each point a box of its size (width, height), inside the frame if it fits.

    points: (n, 2).
    lines: (m, 2), points along drawn lines.
    frame: (left, bottom, right, top).
    """
    options = [_options(point, size) for point, size in zip(points, sizes, strict=True)]
    markers, thin = _squares(points, _MARKER), _squares(lines, _HAIR)
    fixed = [_cost(boxes, markers, thin, frame) for boxes in options]
    chosen = [boxes[int(np.argmin(cost))] for boxes, cost in zip(options, fixed, strict=True)]
    for _ in range(_ROUNDS):
        before = list(chosen)
        for i, (boxes, cost) in enumerate(zip(options, fixed, strict=True)):
            rest = [j for j in range(len(chosen)) if j != i]
            boxes_of_rest, roots = np.asarray([chosen[j] for j in rest]).reshape(-1, 4), points[rest]
            total = (
                cost
                + _cost_of_others(boxes, boxes_of_rest, roots)
                + _crossings(points[i], boxes, boxes_of_rest, markers[rest])
            )
            chosen[i] = boxes[int(np.argmin(total))]
        if all(np.array_equal(a, b) for a, b in zip(before, chosen, strict=True)):
            break
    return chosen


def leader(point: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Find where a line from the point to its box ends; None where the box is so near that it needs none."""
    end: NDArray[np.float64] = np.clip(point, box[:2], box[2:])
    return end if math.dist(point, end) >= _LEADER else None


def between(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place points along the line from a to b, three points apart."""
    return np.linspace(a, b, max(int(math.dist(a, b) / 3), 2))


def _options(point: NDArray[np.float64], size: tuple[float, float]) -> NDArray[np.float64]:
    """Boxes all around the point, at each of the distances; the box's half grows out along the ray."""
    half = np.asarray(size) / 2
    angles = 2 * math.pi * np.arange(_ANGLES) / _ANGLES
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    middles = np.concatenate([point + rays * (distance + half) for distance in _DISTANCES])
    return np.concatenate([middles - half, middles + half], axis=1)


def _cost(
    boxes: NDArray[np.float64], markers: NDArray[np.float64], thin: NDArray[np.float64], frame: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of each box, whatever the others do."""
    outside = np.clip(frame[:2] - boxes[:, :2], 0, None) + np.clip(boxes[:, 2:] - frame[2:], 0, None)
    covered = _OVER_MARKER * _overlap(boxes, markers) + _OVER_LINE * _overlap(boxes, thin)
    cost: NDArray[np.float64] = np.repeat(_DISTANCES, _ANGLES) + covered + _OUTSIDE * outside.sum(axis=1)
    return cost


def _cost_of_others(
    boxes: NDArray[np.float64], other_boxes: NDArray[np.float64], roots: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of each box, given the boxes of the other points (`roots`) and the leaders to them."""
    ends = [(root, leader(root, box)) for root, box in zip(roots, other_boxes, strict=True)]
    drawn = _joined([between(root, end) for root, end in ends if end is not None])
    cost: NDArray[np.float64] = _OVER_BOX * _overlap(boxes, other_boxes) + _OVER_LINE * _overlap(
        boxes, _squares(drawn, _HAIR)
    )
    return cost


def _crossings(
    point: NDArray[np.float64],
    boxes: NDArray[np.float64],
    other_boxes: NDArray[np.float64],
    markers: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Of each box, what its own leader runs through: other boxes and markers."""
    ends = np.clip(point, boxes[:, :2], boxes[:, 2:])
    along = point + (ends - point)[:, None, :] * np.linspace(0, 1, _STEPS)[None, :, None]
    walls = np.concatenate([other_boxes, markers])
    inside = (along[:, :, None, :] > walls[:, :2]) & (along[:, :, None, :] < walls[:, 2:])
    counted: NDArray[np.float64] = inside.all(axis=3).sum(axis=(1, 2)) * _CROSSING
    return counted


def _joined(lines: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([np.empty((0, 2)), *lines])


def _squares(points: NDArray[np.float64], half: float) -> NDArray[np.float64]:
    return np.concatenate([points - half, points + half], axis=1)


def _overlap(boxes: NDArray[np.float64], other_boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each box the area that it shares with all others, summed."""
    low = np.maximum(boxes[:, None, :2], other_boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], other_boxes[None, :, 2:])
    shared: NDArray[np.float64] = np.prod(np.clip(high - low, 0, None), axis=2).sum(axis=1)
    return shared
