"""Which detections of one class in one image are hits: COCO's greedy matching (pycocotools' `evaluateImg`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Of IoU, each a measure of its own."""
_BELOW_ONE = 1 - 1e-10  # pycocotools' highest threshold, so that rounding does not part boxes that are equal


@dataclass(frozen=True)
class Matches:
    """What a class's detections in an image came to, at each of THRESHOLDS.

    scores: (D,), from the highest. hits: (T, D). ignored: (T, D), detections that count as neither right nor wrong.
    wanted: true boxes that count.
    """

    scores: Floats
    hits: Flags
    ignored: Flags
    wanted: int


def match_detections(scores: Floats, overlapping: Floats, crowd: Flags, passed_over: Flags, outside: Flags) -> Matches:
    """Each detection, from the highest score, takes the free true box that it overlaps with most.

    Of true boxes equally overlapped it takes the last. Only where no box that counts is left for it does it take one
    that is passed over, and is then ignored; a crowd can be taken any number of times. What takes none is wrong,
    unless it is of a size that is not asked for.

    scores: (D,) from the highest. overlapping: (D, G). crowd, passed_over: (G,), true boxes that are crowds, and that
    do not count, among them all crowds. outside: (D,), detections of other sizes.
    """
    count, true = overlapping.shape
    taken = np.zeros((len(THRESHOLDS), count), np.bool_)
    ignored = np.zeros_like(taken)
    if true:
        free = np.ones((len(THRESHOLDS), true), np.bool_)
        for at in range(count):
            chosen, any_left = _choice(overlapping[at], free | crowd, passed_over)
            taken[:, at] = any_left
            ignored[:, at] = any_left & passed_over[chosen]
            free[np.flatnonzero(any_left), chosen[any_left]] = False
    ignored |= ~taken & outside
    return Matches(scores, taken & ~ignored, ignored, int((~passed_over).sum()))


def _choice(overlapping: Floats, left: Flags, passed_over: Flags) -> tuple[npt.NDArray[np.intp], Flags]:
    """The true box for one detection, (T,), and whether there is one, (T,). left: (T, G)."""
    fitting = left & (overlapping >= np.minimum(THRESHOLDS, _BELOW_ONE)[:, None])
    counting = fitting & ~passed_over
    among = np.where(counting.any(axis=1, keepdims=True), counting, fitting)
    last = among.shape[1] - 1 - np.where(among, overlapping, -1)[:, ::-1].argmax(axis=1)
    return last, np.asarray(fitting.any(axis=1))
