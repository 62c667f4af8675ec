"""How latency grows with tokens and where two series cross, from the samples of a run, with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opbench.errors import UsageError
from opbench.vocabulary.interval import CONFIDENCE, Interval
from opbench.vocabulary.record import Measured, Record

Medians: TypeAlias = NDArray[np.float64]
"""Seconds: the median of a point's samples first, then of as many drawn again, with replacement."""

DRAWS = 2000


@dataclass(frozen=True)
class Series:
    """One backend of one operator. medians: by tokens, ascending."""

    operator: str
    backend: str
    medians: Mapping[int, Medians]

    @property
    def name(self) -> str:
        return f"{self.operator} {self.backend}"


def series_of(records: Iterable[Record], draws: int = DRAWS, seed: int = 0) -> list[Series]:
    """By operator and backend, of what was measured of `self_attention` and `poly_sa`.

    Raises UsageError where none was, and where the records differ in more than tokens.
    """
    random = np.random.default_rng(seed)
    found: dict[tuple[str, str], dict[int, Medians]] = {}
    shapes = set()
    for record in records:
        point, outcome = record.case.point, record.outcome
        if point.operator not in {"self_attention", "poly_sa"} or not isinstance(outcome, Measured):
            continue
        shapes.add((point.dtype, point.mode, *(f"{name}={at}" for name, at in point.axes.items() if name != "tokens")))
        medians = drawn_medians(outcome.samples_s, draws, random)
        found.setdefault((point.operator, record.case.backend), {})[int(point.axes["tokens"])] = medians
    if not found:
        raise UsageError("the run has no latency of self_attention or poly_sa; run `opbench sweep attention` first")
    if len(shapes) > 1:
        told = "; ".join(sorted(" ".join(shape) for shape in shapes))
        raise UsageError(f"the run has {len(shapes)} shapes ({told}); expected one, over tokens alone")
    return [Series(*key, dict(sorted(medians.items()))) for key, medians in found.items()]


def drawn_medians(samples: Sequence[float], draws: int, random: np.random.Generator) -> Medians:
    """(1 + draws,)."""
    values = np.asarray(samples)
    again = np.median(values[random.integers(len(values), size=(draws, len(values)))], axis=1)
    return np.concatenate([[np.median(values)], again])


def exponent(medians: Mapping[int, Medians], least: int, seed: int = 0) -> Interval | None:
    """The slope of log latency over log tokens by least squares, from `least` tokens on; None of fewer than three
    points.

    The interval is of points and of their samples drawn again, so that a curve that is no power law has a wide one.
    """
    tokens = np.array([count for count in medians if count >= least])
    if len(tokens) < 3:
        return None
    at, seconds = np.log(tokens), np.log(np.stack([medians[count] for count in tokens]))
    slopes = [_slope(at, seconds[:, 0])]
    random = np.random.default_rng(seed)
    for draw in range(1, seconds.shape[1]):
        chosen = random.integers(len(tokens), size=len(tokens))
        if len(set(chosen.tolist())) > 1:
            slopes.append(_slope(at[chosen], seconds[chosen, draw]))
    return _interval(np.array(slopes))


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    apart = x - x.mean()
    return float(apart @ y / (apart @ apart))


def crossing(slow: Mapping[int, Medians], quick: Mapping[int, Medians]) -> Interval:
    """Tokens from which on `quick` is quicker than `slow` at all tokens that both have, interpolated in logarithms.

    0 where it is quicker at the fewest already, infinity where it is not at the most. Raises ValueError where they
    have no tokens in common.
    """
    tokens = [count for count in slow if count in quick]
    if not tokens:
        raise ValueError("no tokens in common")
    gains = np.log(np.stack([slow[count] / quick[count] for count in tokens]))
    return _interval(np.array([_last_change(tokens, gains[:, draw]) for draw in range(gains.shape[1])]))


def _last_change(tokens: Sequence[int], gains: NDArray[np.float64]) -> float:
    behind = np.flatnonzero(gains <= 0)
    if len(behind) == 0:
        return 0.0
    last = int(behind[-1])
    if last == len(tokens) - 1:
        return math.inf
    share = -gains[last] / (gains[last + 1] - gains[last])
    return float(tokens[last] * (tokens[last + 1] / tokens[last]) ** share)


def _interval(values: NDArray[np.float64]) -> Interval:
    """The first value, with the percentiles of those after it."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values[1:], [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(low), float(values[0]), float(high))
