"""Pi-Net's recursion in Triton: a program takes some samples through all degrees; what is hidden stays in registers.

Sums over hidden values are products of broadcast tiles, added up, and not `tl.dot`: with 16 hidden values a matrix
product would be mostly padding.
"""

from __future__ import annotations

import triton.language as tl

from impls.cross_hadamard.gpu.triton_kernels.language import kernel

EPSILON = tl.constexpr(1e-5)


@kernel
def times(x: tl.tensor, matrix: tl.tensor, down: int, along: int, hidden: int, inner: tl.tensor) -> tl.tensor:
    """(samples, rows): sum over i of matrix(row, i) * x(sample, i). x: (samples, width), 0 from `hidden` on."""
    row = tl.arange(0, x.shape[1])
    at = row[:, None] * down + inner[None, :] * along
    inside = (row[:, None] < hidden) & (inner[None, :] < hidden)
    values = tl.load(matrix + at, mask=inside, other=0.0).to(x.dtype)
    return tl.sum(x[:, None, :] * values[None, :, :], 2)


@kernel
def forward(
    p: tl.tensor,
    s: tl.tensor,
    b: tl.tensor,
    x_out: tl.tensor,
    y_out: tl.tensor,
    roots: tl.tensor,
    batch: int,
    hidden: int,
    degree: int,
    ncp: tl.constexpr,
    skip: tl.constexpr,
    norm: tl.constexpr,
    wide: tl.constexpr,
    samples: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """p (batch, degree, hidden) to x_out (degree, batch, hidden), every degree's values; with NCP y_out likewise, what
    the projections are multiplied by; with `norm` roots (degree, batch). width: a power of two from `hidden` on.
    """
    sample = tl.program_id(0).to(tl.int64) * samples + tl.arange(0, samples)
    column = tl.arange(0, width)
    inside = (sample[:, None] < batch) & (column[None, :] < hidden)
    read = sample[:, None] * degree * hidden + column[None, :]
    written = sample[:, None] * hidden + column[None, :]
    every = tl.cast(batch, tl.int64)  # all degrees' values, and roots, can be more than 2^31
    plane = every * hidden
    x = tl.load(p + read, mask=inside, other=0.0).to(wide)
    if ncp:
        x *= tl.load(b + column, mask=column < hidden, other=0.0).to(wide)[None, :]
    tl.store(x_out + written, x.to(x_out.dtype.element_ty), mask=inside)
    for n in range(1, degree):
        read += hidden
        written += plane
        if ncp:
            y = times(x, s + (n - 1) * hidden * hidden, hidden, 1, hidden, column)
            y += tl.load(b + n * hidden + column, mask=column < hidden, other=0.0).to(wide)[None, :]
            tl.store(y_out + written, y.to(y_out.dtype.element_ty), mask=inside)
        else:
            y = x
        product = tl.load(p + read, mask=inside, other=0.0).to(wide) * y
        x = product + x if skip else product
        if norm:
            centred = tl.where(inside, x - (tl.sum(x, 1) / hidden)[:, None], 0.0)
            root = 1 / tl.sqrt(tl.sum(centred * centred, 1) / hidden + EPSILON)
            tl.store(roots + n * every + sample, root.to(roots.dtype.element_ty), mask=sample < batch)
            x = centred * root[:, None]
        tl.store(x_out + written, x.to(x_out.dtype.element_ty), mask=inside)


@kernel
def backward(
    grad: tl.tensor,
    p: tl.tensor,
    s: tl.tensor,
    b: tl.tensor,
    x_in: tl.tensor,
    y_in: tl.tensor,
    roots: tl.tensor,
    of_p: tl.tensor,
    of_y: tl.tensor,
    batch: int,
    hidden: int,
    degree: int,
    ncp: tl.constexpr,
    skip: tl.constexpr,
    norm: tl.constexpr,
    wide: tl.constexpr,
    samples: tl.constexpr,
    width: tl.constexpr,
) -> None:
    """From grad (batch, hidden), of the last degree's values, to of_p, as p, and with NCP of_y, as y. x_in, y_in and
    roots: what `forward` wrote.
    """
    sample = tl.program_id(0).to(tl.int64) * samples + tl.arange(0, samples)
    column = tl.arange(0, width)
    inside = (sample[:, None] < batch) & (column[None, :] < hidden)
    place = sample[:, None] * degree * hidden + column[None, :]
    row = sample[:, None] * hidden + column[None, :]
    every = tl.cast(batch, tl.int64)  # as in `forward`
    plane = every * hidden
    g = tl.load(grad + row, mask=inside, other=0.0).to(wide)
    for back in range(1, degree):
        n = degree - back
        whole = n * plane + row
        if norm:
            x = tl.load(x_in + whole, mask=inside, other=0.0).to(wide)
            root = tl.load(roots + n * every + sample, mask=sample < batch, other=0.0).to(wide)
            along = tl.sum(g * x, 1) / hidden
            rest = g - (tl.sum(g, 1) / hidden)[:, None] - x * along[:, None]
            g = tl.where(inside, rest * root[:, None], 0.0)
        factor = tl.load(p + place + n * hidden, mask=inside, other=0.0).to(wide)
        if ncp:
            y = tl.load(y_in + whole, mask=inside, other=0.0).to(wide)
        else:
            y = tl.load(x_in + whole - plane, mask=inside, other=0.0).to(wide)
        tl.store(of_p + place + n * hidden, (g * y).to(of_p.dtype.element_ty), mask=inside)
        pulled = g * factor
        if ncp:
            tl.store(of_y + whole, pulled.to(of_y.dtype.element_ty), mask=inside)
            pulled = times(pulled, s + (n - 1) * hidden * hidden, 1, hidden, hidden, column)
        g = pulled + g if skip else pulled
    if ncp:
        factor = tl.load(p + place, mask=inside, other=0.0).to(wide)
        tl.store(of_y + row, (g * factor).to(of_y.dtype.element_ty), mask=inside)
        g *= tl.load(b + column, mask=column < hidden, other=0.0).to(wide)[None, :]
    tl.store(of_p + place, g.to(of_p.dtype.element_ty), mask=inside)
