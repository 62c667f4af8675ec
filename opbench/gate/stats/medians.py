"""The median of a few finite values, which a comparison of workers takes seven times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`np.median` along the first axis, to the last bit; NaN where one of the values is.

    For a dozen values NumPy's own spends most of its time on questions of axes, types and subclasses.
    """
    ordered = values.copy()
    ordered.sort(axis=0)  # NaN last
    count = len(ordered)
    middle: NDArray[np.float64] = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    if not math.isnan(ordered[-1].sum()):  # of one that is NaN, at less than half the cost of looking at each
        return middle
    return np.where(np.isnan(ordered[-1]), np.nan, middle)


def median(values: NDArray[np.float64]) -> float:
    """`np.median` of all values, whatever their shape."""
    ordered = values.flatten()
    ordered.sort()
    count, last = len(ordered), float(ordered[-1])
    return last if math.isnan(last) else (float(ordered[(count - 1) // 2]) + float(ordered[count // 2])) / 2
