"""Points of both bottlenecks that several test files share."""

from __future__ import annotations

from torch import Tensor

from impls.bottlenecks.definition.filter_and_project import norm_of
from impls.expansion.references import channel_scores, exact, mix, normalise
from opbench import Inputs, Operator, Point, catalog
from opbench.vocabulary.case import AxisValue

OPERATORS = ("ach_bottleneck", "ghost_bottleneck")


def at(name: str, dtype: str = "float32", device: str = "cpu", **axes: AxisValue) -> Point:
    return Point(name, catalog.operator(name).complete(axes), dtype, device)


def checked(name: str, dtype: str = "float32") -> list[Point]:
    """The operator's check points."""
    operator: Operator = catalog.operator(name)
    return [Point(name, operator.complete(axes), dtype) for axes in operator.check_points]


def scores_of(inputs: Inputs) -> Tensor:
    """(batch, C): what the channels of an `ach_bottleneck` are selected by, in float64."""
    values = exact(inputs)
    mixed = normalise(
        mix(values["x"], values["mix_weight"]) + values["mix_bias"][:, None, None], *norm_of(values, "mix_")
    )
    return channel_scores(mixed, values["taps"])
