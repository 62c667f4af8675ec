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
    unknown = np.isnan(ordered[-1])
    return np.where(unknown, np.nan, middle) if unknown.any() else middle


def median(values: NDArray[np.float64]) -> float:
    """`np.median` of all values, whatever their shape."""
    ordered = values.flatten()
    ordered.sort()
    count, last = len(ordered), float(ordered[-1])
    return last if math.isnan(last) else (float(ordered[(count - 1) // 2]) + float(ordered[count // 2])) / 2
