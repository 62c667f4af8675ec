"""Points the tests ask of the models, and one model of each family."""

from __future__ import annotations

from impls.zoo.models import MODELS
from opbench import Operator, Point, catalog

EVERY = list(MODELS)

FAMILIES = [
    "mobilenetv3_small_100",
    "mobilenetv4_conv_small",
    "starnet_s1",
    "ghostnet_100",
    "ghostnetv3_100",
    "mobileone_s0",
    "shufflenet_v2_x1_0",
    "mobilevit_xxs",
]
"""The smallest of each."""


def at(name: str, dtype: str = "float32", device: str = "cpu", **axes: int) -> Point:
    """Batch 1 at edge 37 where nothing else is said."""
    return Point(name, catalog.operator(name).complete({"edge": 37} | axes), dtype, device)


def check_points(operator: Operator) -> list[Point]:
    return [Point(operator.name, operator.complete(axes)) for axes in operator.check_points]
