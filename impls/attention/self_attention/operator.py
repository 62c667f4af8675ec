"""Y = concat_h(softmax(Q_h K_h^T / sqrt(d)) V_h) W_o with Q = X W_q, K = X W_k, V = X W_v (arXiv 1706.03762, Eq. 1).

No mask, no bias, no dropout: every token sees every token, as in Poly-SA, which it is compared with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.attention.tokens import AXES, CHECK_POINTS, TOLERANCES, drawn, sizes
from impls.seeded import itemsize
from opbench import Operator, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

    from opbench import Inputs, Point

SOFTMAX = 4
"""Subtract the maximum, exponential, sum, divide: operations a score, as both counters have it."""

QUERIES = 512
"""Rows of scores that the reference holds at once, so that its memory is linear in tokens."""


def inputs(point: Point) -> Inputs:
    """x (batch, tokens, width); w_q, w_k, w_v, w_o (width, width)."""
    return drawn(point, ("w_q", "w_k", "w_v", "w_o"))


def by_heads(x: Tensor, heads: int) -> Tensor:
    """(batch, tokens, width) to (batch, heads, tokens, width / heads), a view."""
    return x.view(*x.shape[:2], heads, x.shape[2] // heads).transpose(1, 2)


def together(x: Tensor) -> Tensor:
    """(batch, heads, tokens, channels) to (batch, tokens, heads * channels)."""
    return x.transpose(1, 2).flatten(2)


def reference(point: Point, inputs: Inputs) -> Tensor:
    """In float64 by exponentials and sums, some queries after the other."""
    x, *weights = (tensor.double() for tensor in inputs.values())
    query, key, value = (
        by_heads(torch.einsum("btc,cd->btd", x, weight), point.axes["heads"]) for weight in weights[:3]
    )
    mixed = torch.empty_like(query)
    for start in range(0, x.shape[1], QUERIES):
        some = query[:, :, start : start + QUERIES]
        scores = torch.einsum("bhqd,bhkd->bhqk", some, key) / math.sqrt(query.shape[3])
        powers = torch.exp(scores - scores.amax(3, keepdim=True))
        mixed[:, :, start : start + QUERIES] = torch.einsum("bhqk,bhkd->bhqd", powers, value) / powers.sum(3)[..., None]
    return torch.einsum("btc,cd->btd", together(mixed), weights[3])


def work(point: Point) -> Work:
    """4 B N C^2 MACs of projections, 2 B N^2 C of scores and of sums; a softmax of 4 operations a score, and the scale,
    half of it at each query's and each key's elements.
    """
    axes = point.axes
    batch, tokens, width, heads = axes["batch"], axes["tokens"], axes["width"], axes["heads"]
    elements = batch * tokens * width
    return Work(
        macs=4 * elements * width + 2 * elements * tokens,
        products=0,
        elementwise=2 * elements + SOFTMAX * batch * heads * tokens * tokens,
        bytes_read=(elements + 4 * width * width) * itemsize(point),
        bytes_written=elements * itemsize(point),
    )


def attended(x: Tensor, weights: Iterable[Tensor], heads: int) -> Tensor:
    """x (batch, tokens, width) through PyTorch's fused attention; weights w_q, w_k, w_v, w_o, (width, width) each."""
    w_q, w_k, w_v, w_o = weights
    query, key, value = by_heads(x @ w_q, heads), by_heads(x @ w_k, heads), by_heads(x @ w_v, heads)
    return together(functional.scaled_dot_product_attention(query, key, value)) @ w_o


def eager(point: Point) -> Callable[..., Tensor]:
    """With PyTorch's fused attention between the projections, from the operator's inputs.

    Of no tokens the written-out form: there the fused one adds three single numbers, which a counter counts.
    """
    if not point.axes["tokens"]:
        return written_out(point)
    heads = point.axes["heads"]

    def function(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor) -> Tensor:
        return attended(x, (w_q, w_k, w_v, w_o), heads)

    return function


def written_out(point: Point) -> Callable[..., Tensor]:
    """With a matrix of all scores, (batch, heads, tokens, tokens), in memory."""
    heads = point.axes["heads"]

    def function(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor) -> Tensor:
        query, key, value = by_heads(x @ w_q, heads), by_heads(x @ w_k, heads), by_heads(x @ w_v, heads)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        return together(scores.softmax(3) @ value) @ w_o

    return function


OPERATOR = Operator(
    name="self_attention",
    about="softmax self-attention by heads, between four projections",
    axes=AXES,
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances=TOLERANCES,
    check_points=CHECK_POINTS,
    sizes=sizes,
)
