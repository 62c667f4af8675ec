"""Elements of a few bits: a sign, an exponent with a bias, a mantissa; subnormals, and no value beyond the largest.

OCP Microscaling Formats (MX) Specification v1.0, section 5.3, and for E4M3 and E5M2 the OCP 8-bit Floating Point
Specification: tables of biases, largest numbers, and which codes are infinities and NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from impls.low_precision.formats.rounding import power_below, to_integers

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class FloatElement:
    """largest: the largest finite value. infinity: whether the code after it is one; the rest, if any, are NaN."""

    exponent_bits: int
    mantissa_bits: int
    largest: float
    infinity: bool = False

    @property
    def bits(self) -> int:
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def least_exponent(self) -> int:
        """Of normal numbers: 1 - bias. Subnormals stand as far apart as the smallest of these."""
        return 2 - (1 << (self.exponent_bits - 1))

    @property
    def greatest_exponent(self) -> int:
        """Of the largest power of two: the specification's emax."""
        return math.frexp(self.largest)[1] - 1

    def rounded(self, x: Tensor, random: torch.Generator | None = None) -> Tensor:
        """x: float32, finite. The nearest elements, ties to an even mantissa; beyond the largest, the largest.

        random: rounds stochastically between the two elements beside x; what saturates is not unbiased.
        """
        normal = power_below(x).clamp(min=2.0**self.least_exponent)
        step = normal * 2.0**-self.mantissa_bits
        return (to_integers(x / step, random) * step).clamp(-self.largest, self.largest)

    def encoded(self, values: Tensor) -> Tensor:
        """Codes, uint8, of values that are elements: a sign bit before the exponent's and the mantissa's."""
        positive = _values(self)
        codes = torch.searchsorted(positive[: _finite(self)], values.abs().contiguous())
        return (codes + (torch.signbit(values).long() << (self.bits - 1))).to(torch.uint8)

    def decoded(self, codes: Tensor) -> Tensor:
        """Values, float32, of codes, uint8: infinities and NaN where the format has them."""
        values = _values(self)
        return torch.cat([values, -values])[codes.long()]


def _finite(element: FloatElement) -> int:
    return int(torch.isfinite(_values(element)).sum())


@lru_cache(maxsize=8)
def _values(element: FloatElement) -> Tensor:
    """Of all codes without a sign, in their order, which is that of the values."""
    mantissas = 1 << element.mantissa_bits
    codes = range(1 << (element.bits - 1))
    steps = (max(code // mantissas, 1) - 1 + element.least_exponent - element.mantissa_bits for code in codes)
    hidden = (mantissas if code >= mantissas else 0 for code in codes)
    values = [(one + code % mantissas) * 2.0**step for code, one, step in zip(codes, hidden, steps, strict=True)]
    last = values.index(element.largest)
    beyond = [math.nan] * (len(values) - 1 - last)
    if element.infinity:
        beyond[0] = math.inf
    return torch.tensor(values[: last + 1] + beyond)


E2M1 = FloatElement(2, 1, 6.0)
E4M3 = FloatElement(4, 3, 448.0)
E5M2 = FloatElement(5, 2, 57344.0, infinity=True)
