"""Rules for change points: ours, that of asv, that of Apache Otava, and an oracle that knows what nobody knows.

asv (`pip install asv`, 0.6) and Otava (`pip install apache-otava`, 0.8) are asked as they are where they are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from benchmarks.history.synthetic import NOISE
from opbench.history.change_points import change_points
from opbench.history.step_test import LEAST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]

Rule: TypeAlias = "Callable[[Values, float], list[int]]"
"""From seconds, NaN where a point is missing, and the variance of a point that processes tell, which others than ours
have no use for, to the indices of the first points after a step."""

ORACLE_THRESHOLD = 10.7
"""Of series correlated by 0.7 without a step, 5 % exceed it."""


def ours(values_s: Values, noise: float) -> list[int]:
    known = np.flatnonzero(np.isfinite(values_s))
    return [int(known[point.at]) for point in change_points(values_s[known], noise)]


def asv(values_s: Values, _noise: float) -> list[int]:
    """The boundaries between the pieces of `detect_steps`, which `asv publish` draws and takes regressions from."""
    detect = import_module("asv.step_detect").detect_steps
    pieces = detect([None if np.isnan(one) else float(one) for one in values_s])
    return [int(piece[0]) for piece in pieces[1:]]


def otava(values_s: Values, _noise: float) -> list[int]:
    """`compute_change_points` with its defaults: windows of 50 points, p <= 0.001.

    0.8 raises ValueError where a candidate comes to lie on the edge of a window; no point is then found.
    """
    known = np.flatnonzero(np.isfinite(values_s))
    compute = import_module("otava.analysis").compute_change_points
    try:
        found, _ = compute(values_s[known].tolist())
    except ValueError:
        return []
    return [int(known[point.index]) for point in found]


def oracle(values_s: Values, _noise: float) -> list[int]:
    """The likelihood ratio of noise whose correlation (0.7) and size are known: a bound for any rule there.

    It looks for one step, of unknown place, size and level.
    """
    known = np.flatnonzero(np.isfinite(values_s))
    logs = np.log(values_s[known])
    p, count = 0.7, len(logs)
    head = np.sqrt(1 - p**2)
    white = np.concatenate([[head * logs[0]], logs[1:] - p * logs[:-1]])
    level = np.concatenate([[head], np.full(count - 1, 1 - p)])
    best, place = 0.0, 0
    for at in range(LEAST, count - LEAST + 1):
        step = np.zeros(count)
        step[at], step[at + 1 :] = 1, 1 - p
        step -= level * (step @ level) / (level @ level)
        gain = (white @ step) ** 2 / (step @ step) / (NOISE**2 * (1 - p**2))
        best, place = max((best, place), (float(gain), at))
    return [int(known[place])] if best > ORACLE_THRESHOLD else []


def rules() -> dict[str, Rule]:
    """By name; asv and Otava where they are installed."""
    found: dict[str, Rule] = {"opbench": ours}
    if find_spec("asv"):
        found["asv"] = asv
    if find_spec("otava"):
        found["Otava"] = otava
    return found | {"oracle": oracle}
