"""ACH expansion in eval: the mixed channels and the normalised products of all pairs of the k best scored ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch
from torch.nn import functional

from impls.cross_hadamard.pairs import pair_indices
from impls.cross_hadamard.steps import gathered, selected
from impls.expansion.ach.scene import TAPS, draw_ach
from impls.expansion.family import expansion_operator
from impls.expansion.layers import dysoft, normalised
from impls.expansion.operation_counts import BATCH_NORM, DYSOFT, work_of
from impls.expansion.references import all_pairs, channel_scores, exact, mix, normalise, soft_sign, strongest
from impls.expansion.values import Shapes, materialise, norm_shapes
from impls.expansion.width import width
from opbench import Axes, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point

    Expand: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
    """(mixed, index, alpha, scale, shift) -> mixed and the normalised products of the selected channels."""


def shapes(axes: Axes) -> Shapes:
    """x, weight (m, m, 1, 1), bias and BatchNorm's four (m,), ECA's weight, DySoft's alpha (), scale, shift (P,)."""
    size = width(axes)
    return {
        "x": (size.batch, size.m, size.edge, size.edge),
        "weight": (size.m, size.m, 1, 1),
        "bias": (size.m,),
        **norm_shapes(size.m),
        "eca": (1, 1, len(TAPS)),
        "alpha": (),
        "scale": (size.pairs,),
        "shift": (size.pairs,),
    }


def inputs(point: Point) -> Inputs:
    size = width(point.axes)
    return materialise(point, shapes(point.axes), lambda random: draw_ach(size, random))


def reference(point: Point, inputs: Inputs) -> Tensor:
    x, weight, bias, *rest = exact(inputs).values()
    mixed = normalise(mix(x, weight) + bias[:, None, None], *rest[:4])
    index = strongest(channel_scores(mixed, rest[4]), width(point.axes).k)
    return torch.cat([mixed, soft_sign(all_pairs(mixed, index), *rest[5:])], dim=1)


def work(point: Point) -> Work:
    size = width(point.axes)
    mixed, pairs = size.m * size.pixels, size.pairs * size.pixels
    return work_of(
        point,
        size,
        shapes(point.axes),
        macs=mixed * size.m + size.batch * size.m * len(TAPS),
        products=pairs,
        elementwise=BATCH_NORM * mixed + mixed + DYSOFT * pairs,  # the lone `mixed` is the mean pooling
    )


def select(x: Tensor, eca: Tensor, k: int) -> Tensor:
    """index (B, k) int64: the channels with the highest scores, highest first."""
    means = x.mean(dim=(2, 3))
    scores = functional.conv1d(means[:, None], eca, padding=eca.shape[-1] // 2)[:, 0]
    return scores.topk(k).indices


def expansion(k: int, after_selection: Expand) -> Callable[..., Tensor]:
    """The whole expansion as a function of its inputs, with what follows the selection done by `after_selection`."""

    def expand(x: Tensor, weight: Tensor, bias: Tensor, *rest: Tensor) -> Tensor:
        mixed = normalised(functional.conv2d(x, weight, bias), *rest[:4])
        return after_selection(mixed, select(mixed, rest[4], k), rest[5], rest[6], rest[7])

    return expand


def eager(point: Point) -> Callable[..., Tensor]:
    k = width(point.axes).k
    i, j = pair_indices(k, point.device)

    def separately(mixed: Tensor, index: Tensor, *parameters: Tensor) -> Tensor:
        return torch.cat([mixed, dysoft(gathered(selected(mixed, index), i, j), *parameters)], dim=1)

    return expansion(k, separately)


OPERATOR = expansion_operator(
    name="ach",
    about="expansion by the products of all pairs of selected channels (adaptive cross-Hadamard)",
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
)
