"""The gated product's kernels: a program takes a piece of a row."""

from __future__ import annotations

import math

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel

STEEP = tl.constexpr(2 * (2 / math.pi) ** 0.5)
CUBIC = tl.constexpr(2 * (2 / math.pi) ** 0.5 * 0.044715)
CUBIC_SLOPE = tl.constexpr(6 * (2 / math.pi) ** 0.5 * 0.044715)
"""Of the tanh form: 0.5 g (1 + tanh(w)) = g / (1 + e^-2w) with 2w = STEEP g + CUBIC g^3."""

ROOT_HALF = tl.constexpr(0.5**0.5)
DENSITY = tl.constexpr((2 * math.pi) ** -0.5)
"""Of the exact form: g * Phi(g)."""


@kernel
def logistic(v: tl.tensor) -> tl.tensor:
    """1 / (1 + e^-v) by e^-|v|, which does not overflow."""
    small = tl.exp(-tl.abs(v))
    return tl.where(v < 0, small / (1 + small), 1 / (1 + small))


@kernel
def opened(g: tl.tensor, form: tl.constexpr) -> tuple[tl.tensor, tl.tensor]:
    """f(g) and f'(g)."""
    if form == "relu":
        return tl.where(g < 0, 0 * g, g), tl.where(g <= 0, 0 * g, 0 * g + 1)
    if form == "sigmoid":
        s = logistic(g)
        return s, s * (1 - s)
    if form == "silu":
        s = logistic(g)
        return g * s, s * (1 + g * (1 - s))
    if form == "gelu":
        below = 0.5 * (1 + tl.erf(g * ROOT_HALF))
        return g * below, below + g * (DENSITY * tl.exp(-0.5 * g * g))
    square = g * g
    s = logistic(g * (STEEP + CUBIC * square))
    return g * s, s * (1 + g * (1 - s) * (STEEP + CUBIC_SLOPE * square))


@kernel
def forward(
    gate: tl.tensor,
    value: tl.tensor,
    out: tl.tensor,
    width: int,
    gate_stride: int,
    value_stride: int,
    out_stride: int,
    pieces: int,
    form: tl.constexpr,
    wide: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """gate, value, out: rows of `width` elements at their strides. Programs: rows x pieces of `block` elements."""
    row = (tl.program_id(0) // pieces).to(tl.int64)
    at = (tl.program_id(0) % pieces) * block + tl.arange(0, block)
    inside = at < width
    g = tl.load(gate + row * gate_stride + at, mask=inside).to(wide)
    v = tl.load(value + row * value_stride + at, mask=inside).to(wide)
    y, _ = opened(g, form)
    tl.store(out + row * out_stride + at, (y * v).to(out.dtype.element_ty), mask=inside)


@kernel
def backward(
    grad: tl.tensor,
    gate: tl.tensor,
    value: tl.tensor,
    grad_gate: tl.tensor,
    grad_value: tl.tensor,
    width: int,
    grad_stride: int,
    gate_stride: int,
    value_stride: int,
    grad_gate_stride: int,
    grad_value_stride: int,
    pieces: int,
    form: tl.constexpr,
    wide: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """As `forward`; both gradients written."""
    row = (tl.program_id(0) // pieces).to(tl.int64)
    at = (tl.program_id(0) % pieces) * block + tl.arange(0, block)
    inside = at < width
    d = tl.load(grad + row * grad_stride + at, mask=inside).to(wide)
    g = tl.load(gate + row * gate_stride + at, mask=inside).to(wide)
    v = tl.load(value + row * value_stride + at, mask=inside).to(wide)
    y, slope = opened(g, form)
    kind = grad_gate.dtype.element_ty
    tl.store(grad_gate + row * grad_gate_stride + at, (d * v * slope).to(kind), mask=inside)
    tl.store(grad_value + row * grad_value_stride + at, (d * y).to(kind), mask=inside)
