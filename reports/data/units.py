"""Numbers for people: SI values scaled to three significant digits and given their unit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from opbench.vocabulary.interval import Interval

_BELOW = ("", "m", "µ", "n", "p")
_ABOVE = ("", "k", "M", "G", "T", "P", "E")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_KIBI = 1024
_ZEROS = re.compile(r"\.0+(?=\D|$)|(\.\d*[1-9])0+(?=\D|$)")


def seconds(value: float) -> str:
    """Write a duration: 1.25e-05 is `12.5 µs`. From 1000 s on it stays in seconds."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g} s"
    value = _rounded(value)
    step = min(max(-math.floor(math.log10(abs(value)) / 3), 0), len(_BELOW) - 1)
    return f"{_digits(value * 1000**step)} {_BELOW[step]}s"


def seconds_between(low: float, high: float) -> str:
    """Write a range of durations, the unit once where both ends have the same: `36.0 to 37.1 µs`."""
    first, second = seconds(low), seconds(high)
    number, unit = first.split(" ")
    return f"{number if second.endswith(f' {unit}') else first} to {second}"


def milliseconds(value: float) -> str:
    """Write a duration for a column headed `ms`, without its unit: 0.01234 s is `12.3`."""
    return _digits(_rounded(1000 * value))


def in_milliseconds(value: Interval) -> Interval:
    """Convert seconds to milliseconds, for an axis that says `ms`."""
    return Interval(1e3 * value.low, 1e3 * value.mid, 1e3 * value.high)


def number(value: float) -> str:
    """Write three significant digits, for a column whose head has prefix and unit: 0.0225, 404, 1230."""
    return _digits(_rounded(value))


def quantity(value: float) -> str:
    """Write a count or a rate in powers of 1000, its unit left to the column: 50_176_000 is `50.2 M`."""
    value = _rounded(value)
    step = 0
    while step + 1 < len(_ABOVE) and abs(value) >= 1000 ** (step + 1):
        step += 1
    return f"{_digits(value / 1000**step)} {_ABOVE[step]}".strip()


def data_size(value: float) -> str:
    """Write bytes in powers of 1024, single bytes exactly: 1_572_864 is `1.50 MiB`, and 1000 KiB is `0.977 MiB`."""
    if abs(value) < _KIBI:
        return f"{value:.0f} B"
    step = 1
    while step + 1 < len(_BINARY) and abs(_rounded(value / _KIBI**step)) >= 1000:
        step += 1
    return f"{_digits(_rounded(value / _KIBI**step))} {_BINARY[step]}"


def factor(value: float) -> str:
    """Write a ratio: `2.50×`."""
    return f"{_digits(_rounded(value))}×"


def factors_between(low: float, high: float) -> str:
    """Write a range of ratios without the sign, which stands beside: `2.40 to 2.60`."""
    return f"{factor(low)[:-1]} to {factor(high)[:-1]}"


def percent(value: float) -> str:
    """Write a share with two significant digits: 0.0123 is `1.2 %`."""
    return f"{_digits(_rounded(100 * value, 2), 2)} %"


def tick(text: Callable[[float], str]) -> Callable[[float], str]:
    """Leave trailing zeros out of what `text` writes, for an axis: `10.0 µs` becomes `10 µs`."""
    return lambda value: _ZEROS.sub(lambda match: match[1] or "", text(value))


def _rounded(value: float, digits: int = 3) -> float:
    """Rounding comes before the prefix is chosen: 999.9 µs is `1.00 ms`, never `1e+03 µs`."""
    return float(f"{value:.{digits - 1}e}")


def _digits(value: float, digits: int = 3) -> str:
    """That many significant digits without an exponent; the value is rounded already."""
    if value == 0:
        return "0"
    after = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.{after}f}"
