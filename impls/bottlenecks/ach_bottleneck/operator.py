"""The adaptive bottleneck expanded by ACH, in eval (figure 2 and Eq. 2 to 11): mix, select, multiply pairs, normalise,
filter in space, project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.bottlenecks.definition.family import Counts, Expansion, bottleneck_operator
from impls.bottlenecks.definition.filter_and_project import norm_of
from impls.bottlenecks.definition.geometry import Geometry, geometry
from impls.cross_hadamard.pairs import pair_count, pair_indices
from impls.cross_hadamard.steps import gathered, selected
from impls.expansion.ach.operator import select
from impls.expansion.ach.scene import TAPS, draw_ach
from impls.expansion.layers import dysoft, normalised
from impls.expansion.operation_counts import BATCH_NORM, DYSOFT
from impls.expansion.references import all_pairs, channel_scores, mix, normalise, soft_sign, strongest
from impls.expansion.values import NORM, Shapes, norm_shapes, norm_values
from impls.expansion.width import Width
from opbench import Axes, Axis
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point


def size_of(axes: Axes) -> Geometry:
    """Raises UsageError for more channels selected than there are, and for a `batchnorm` that is neither 0 nor 1."""
    if axes["selected"] > axes["channels"]:
        raise UsageError(f"selected is {axes['selected']}; expected at most the {axes['channels']} channels")
    if axes["batchnorm"] not in {0, 1}:
        raise UsageError(f"batchnorm is {axes['batchnorm']}; expected 0 (DySoft) or 1 (BatchNorm)")
    return geometry(axes, axes["channels"] + pair_count(axes["selected"]))


def shapes(axes: Axes) -> Shapes:
    """x, mix_weight (C, C, 1, 1), mix_bias and BatchNorm's four (C,), taps (1, 1, 5), and the pairs' normaliser:
    alpha (), scale and shift (P,), or BatchNorm's four (P,).
    """
    size, pairs = size_of(axes), pair_count(axes["selected"])
    return {
        "x": (size.batch, size.channels, size.edge, size.edge),
        "mix_weight": (size.channels, size.channels, 1, 1),
        "mix_bias": (size.channels,),
        **norm_shapes(size.channels, "mix_"),
        "taps": (1, 1, len(TAPS)),
        **(norm_shapes(pairs, "pair_") if axes["batchnorm"] else {"alpha": (), "scale": (pairs,), "shift": (pairs,)}),
    }


def drawn(axes: Axes, random: torch.Generator) -> dict[str, Tensor]:
    """Scores of the selected channels lie apart by 4 % in whatever dtype, and select otherwise in every sample."""
    size = size_of(axes)
    width = Width(size.batch, size.edge, size.channels, axes["selected"], size.expanded)
    values = draw_ach(width, random)
    renamed = {"weight": "mix_weight", "bias": "mix_bias", "eca": "taps", **{name: f"mix_{name}" for name in NORM}}
    return {
        **{renamed.get(name, name): value for name, value in values.items()},
        **(norm_values(width.pairs, random, "pair_") if axes["batchnorm"] else {}),
    }


def eager(point: Point) -> Callable[[Tensor, Inputs], Tensor]:
    k, batchnorm = point.axes["selected"], point.axes["batchnorm"]
    i, j = pair_indices(k, point.device)

    def expand(x: Tensor, values: Inputs) -> Tensor:
        mixed = normalised(functional.conv2d(x, values["mix_weight"], values["mix_bias"]), *norm_of(values, "mix_"))
        pairs = gathered(selected(mixed, select(mixed, values["taps"], k)), i, j)
        if batchnorm:
            return torch.cat([mixed, normalised(pairs, *norm_of(values, "pair_"))], dim=1)
        return torch.cat([mixed, dysoft(pairs, values["alpha"], values["scale"], values["shift"])], dim=1)

    return expand


def reference(point: Point) -> Callable[[Tensor, Inputs], Tensor]:
    k, batchnorm = point.axes["selected"], point.axes["batchnorm"]

    def expand(x: Tensor, values: Inputs) -> Tensor:
        mixed = normalise(mix(x, values["mix_weight"]) + values["mix_bias"][:, None, None], *norm_of(values, "mix_"))
        pairs = all_pairs(mixed, strongest(channel_scores(mixed, values["taps"]), k))
        if batchnorm:
            return torch.cat([mixed, normalise(pairs, *norm_of(values, "pair_"))], dim=1)
        return torch.cat([mixed, soft_sign(pairs, values["alpha"], values["scale"], values["shift"])], dim=1)

    return expand


def counts(axes: Axes) -> Counts:
    """The 1x1 convolution, its BatchNorm, means and scores, a product per pair and pixel, and the normaliser."""
    size = size_of(axes)
    mixed, products = size.channels * size.pixels, pair_count(axes["selected"]) * size.pixels
    return Counts(
        macs=mixed * size.channels + size.batch * size.channels * len(TAPS),
        products=products,
        elementwise=(BATCH_NORM + 1) * mixed + (BATCH_NORM if axes["batchnorm"] else DYSOFT) * products,
    )


OPERATOR = bottleneck_operator(
    "ach_bottleneck",
    "adaptive bottleneck by ACH: mix, select, multiply pairs, normalise, filter in space, project",
    (
        Axis("selected", "channels selected by their scores", default=24, minimum=0),
        Axis("batchnorm", "normaliser of pairs: 0 DySoft, 1 a BatchNorm with running statistics", default=0, minimum=0),
    ),
    Expansion(size_of, shapes, drawn, eager, reference, counts),
    (
        {"batch": 3, "channels": 7, "out_channels": 7, "edge": 7, "selected": 5, "kernel": 3},
        {"batch": 1, "channels": 17, "out_channels": 11, "edge": 13, "selected": 11, "batchnorm": 1},
        {"batch": 2, "channels": 19, "out_channels": 19, "edge": 5, "selected": 7, "kernel": 2, "stride": 2},
        {
            "batch": 1,
            "channels": 5,
            "out_channels": 3,
            "edge": 3,
            "selected": 5,
            "kernel": 7,
            "layout": "channels_first",
        },
        {"batch": 2, "channels": 5, "out_channels": 5, "edge": 1, "selected": 2, "batchnorm": 1},
        {"batch": 1, "channels": 6, "out_channels": 6, "edge": 5, "selected": 3, "kernel": 4},
        {"batch": 1, "channels": 5, "out_channels": 7, "edge": 8, "selected": 3, "kernel": 3, "stride": 3},
        {"batch": 1, "channels": 5, "out_channels": 5, "edge": 3, "selected": 1, "kernel": 1},
        {
            "batch": 1,
            "channels": 1,
            "out_channels": 1,
            "edge": 3,
            "selected": 0,
            "kernel": 3,
            "layout": "channels_first",
        },
        {"batch": 0, "channels": 5, "out_channels": 5, "edge": 7, "selected": 3},
    ),
)
