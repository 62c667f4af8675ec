"""How far predictions were off where what they predict was measured too, and what it is worth to choose by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from opbench.ceilings.prediction import Prediction
from opbench.vocabulary.interval import geometric_mean

Quartiles = tuple[float, float, float]
"""The first, the median, the third."""


@dataclass(frozen=True)
class PredictionError:
    """How far predictions of one backend were off: factors of 1 and above, whichever side they were off to.

    typical: the geometric mean.
    worst: the largest.
    bias: expected over measured, geometric mean; quartiles: of the same.
    unscaled: the typical factor where a case is taken to last as long as on the other machine; None where no
        prediction says how long that was.
    """

    cases: int
    typical: float
    worst: float
    bias: float
    quartiles: Quartiles
    unscaled: float | None = None


def prediction_errors(predictions: Iterable[Prediction]) -> Mapping[str, PredictionError]:
    """Return the errors by backend, over the predictions that were measured too; under "" over all of them."""
    held: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        if prediction.error is not None:
            for name in (prediction.backend, ""):
                held.setdefault(name, []).append(prediction)
    return {name: _error(of_backend) for name, of_backend in held.items()}


def _error(predictions: Sequence[Prediction]) -> PredictionError:
    ratios = [1 + prediction.error for prediction in predictions if prediction.error is not None]
    factors = [max(ratio, 1 / ratio) for ratio in ratios]
    carried = [
        prediction.unscaled_s / prediction.measured_s
        for prediction in predictions
        if prediction.unscaled_s and prediction.measured_s
    ]
    first, middle, third = np.percentile(ratios, (25, 50, 75))
    return PredictionError(
        len(ratios),
        geometric_mean(factors),
        max(factors),
        geometric_mean(ratios),
        (float(first), float(middle), float(third)),
        geometric_mean([max(ratio, 1 / ratio) for ratio in carried]) if carried else None,
    )


@dataclass(frozen=True)
class Choice:
    """What became of the backends that predictions would have had somebody choose.

    points: at which two or more backends were both predicted and measured. right: at how many the one that was expected
    to be the fastest was. cost: time of the chosen one over that of the fastest, geometric mean over the points.
    """

    points: int
    right: int
    cost: float


def choice(predictions: Iterable[Prediction]) -> Choice | None:
    """None where no point has two backends to choose from."""
    of_points: dict[str, list[tuple[float, float]]] = {}
    for prediction in predictions:
        if prediction.expected_s is not None and prediction.measured_s is not None:
            of_points.setdefault(prediction.point.key, []).append((prediction.expected_s, prediction.measured_s))
    costs = [min(rivals)[1] / min(took for _, took in rivals) for rivals in of_points.values() if len(rivals) > 1]
    return Choice(len(costs), costs.count(1.0), geometric_mean(costs)) if costs else None
