"""Poly-SA: Y = (Phi(X W1 * X W2) * X) W3, `*` element by element (arXiv 2504.13112, after Poly-NL, arXiv 2107.02859).

Phi is the mean over the tokens of a sequence, given back to each of them. Every channel is gated by one number, so a
channel is a head of its own, and the axis `heads` changes no result; it is there because self-attention has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.attention.tokens import AXES, CHECK_POINTS, TOLERANCES, drawn, sizes
from impls.seeded import itemsize
from opbench import Operator, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Point


def inputs(point: Point) -> Inputs:
    """x (batch, tokens, width); w1, w2, w3 (width, width)."""
    return drawn(point, ("w1", "w2", "w3"))


def reference(_: Point, inputs: Inputs) -> Tensor:
    """In float64, a sum over the tokens of both projections at once."""
    x, w1, w2, w3 = (tensor.double() for tensor in inputs.values())
    first, second = torch.einsum("btc,cd->btd", x, w1), torch.einsum("btc,cd->btd", x, w2)
    gate = (
        torch.einsum("btd,btd->bd", first, second) / x.shape[1] if x.shape[1] else x.new_zeros(x.shape[0], x.shape[2])
    )
    return torch.einsum("btc,bc,cd->btd", x, gate, w3)


def work(point: Point) -> Work:
    """3 B N C^2 MACs of projections; two products an element, and the mean.

    By definition, not the least that can be done: see `second_moments`, which takes about two thirds of it.
    """
    axes = point.axes
    elements, width = axes["batch"] * axes["tokens"] * axes["width"], axes["width"]
    return Work(
        macs=3 * elements * width,
        products=2 * elements,
        elementwise=elements,
        bytes_read=(elements + 3 * width * width) * itemsize(point),
        bytes_written=elements * itemsize(point),
    )


def gated(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """The definition, of x (batch, tokens, width) and weights (width, width)."""
    gate = ((x @ w1) * (x @ w2)).mean(1, keepdim=True)
    return (gate.expand_as(x) * x) @ w3


def eager(_: Point) -> Callable[..., Tensor]:
    """The definition, from the operator's inputs."""
    return gated


OPERATOR = Operator(
    name="poly_sa",
    about="Poly-SA: two projections' product, its mean over tokens as a gate",
    axes=AXES,
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances=TOLERANCES,
    check_points=CHECK_POINTS,
    sizes=sizes,
)
