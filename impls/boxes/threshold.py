"""Thresholds of overlap: checked, and as a number of the boxes' own dtype."""

from __future__ import annotations

import math

import numpy as np
import torch

from opbench.errors import UsageError


def check_threshold(threshold: float) -> None:
    """Raises UsageError for one that no share of an area is."""
    if not 0 <= threshold <= 1:
        raise UsageError(f"threshold is {threshold}; expected a share of the union, from 0 to 1")


def rounded_down(threshold: float, dtype: torch.dtype) -> float:
    """The largest number of that dtype, float32 or float64, that is not above it: all of the dtype compare alike.

    torchvision compares a float32 overlap with a float64 threshold. PyTorch rounds the threshold to float32 first: 0.6
    becomes 0.60000002, and an overlap of exactly that is no longer above it.
    """
    if dtype == torch.float64:
        return threshold
    nearest = np.float32(threshold)
    return float(nearest if float(nearest) <= threshold else np.nextafter(nearest, np.float32(-math.inf)))
