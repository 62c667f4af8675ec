"""Formats by their definitions, slowly: exact fractions, every element tried, and no bits of floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import torch

E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Table 5 of the specification, in the order of the codes."""


def elements(dtype: torch.dtype) -> list[float]:
    """Of the codes 0 to 127, by PyTorch's own reading of them."""
    codes: list[float] = torch.arange(128, dtype=torch.uint8).view(dtype).float().tolist()
    return codes


POSITIVE = {
    "mxfp4": E2M1,
    "mxfp8_e4m3": tuple(elements(torch.float8_e4m3fn)),
    "mxfp8_e5m2": tuple(elements(torch.float8_e5m2)),
}


def nearest(value: Fraction, positive: Sequence[float]) -> Fraction:
    """The element nearest to it: of two as near the one with an even code; the largest beyond the largest."""
    finite = [Fraction(each) for each in positive if math.isfinite(each)]
    code = min(range(len(finite)), key=lambda at: (abs(abs(value) - finite[at]), at % 2))
    return finite[code] if value >= 0 else -finite[code]


def shared_scale(block: Sequence[float], positive: Sequence[float]) -> Fraction:
    """2^(floor(log2(largest magnitude)) - emax), at least 2^-127; of zeros 2^-127."""
    largest = max(map(abs, block), default=0.0)
    if largest == 0:
        return Fraction(1, 2**127)
    emax = _floor_log2(Fraction(max(each for each in positive if math.isfinite(each))))
    return max(Fraction(2) ** (_floor_log2(Fraction(largest)) - emax), Fraction(1, 2**127))


def microscaled(row: Sequence[float], positive: Sequence[float], block: int = 32) -> list[float]:
    found = []
    for start in range(0, len(row), block):
        part = row[start : start + block]
        scale = shared_scale(part, positive)
        found += [float(nearest(Fraction(value) / scale, positive) * scale) for value in part]
    return found


def integers(row: Sequence[float], bits: int, block: int = 0) -> list[float]:
    """Code times scale, exactly, then rounded to float32 and no more than its largest; the code by exact division."""
    found, step, largest = [], block or max(len(row), 1), 2 ** (bits - 1) - 1
    for start in range(0, len(row), step):
        part = row[start : start + step]
        scale = max(torch.tensor(max(map(abs, part))) / largest, torch.tensor(2.0**-149))
        for value in part:
            code = round(Fraction(value) / Fraction(float(scale)))  # to even, as Python rounds fractions
            product = max(-largest, min(largest, code)) * Fraction(float(scale))
            most = Fraction(torch.finfo(torch.float32).max)
            # Of 31 bits at most, so that float64 holds it and it is rounded once.
            found.append(float(torch.tensor(float(max(-most, min(most, product))))))
    return found


def _floor_log2(value: Fraction) -> int:
    power = 0
    while Fraction(2) ** (power + 1) <= value:
        power += 1
    while Fraction(2) ** power > value:
        power -= 1
    return power
