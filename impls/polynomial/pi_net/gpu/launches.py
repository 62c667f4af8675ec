"""From tensors to launches: projections and sums over the batch are PyTorch's products, the degrees a kernel's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import triton

from impls.cross_hadamard.gpu.triton_kernels.language import accumulator, launch
from impls.polynomial.pi_net.gpu import programs
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from impls.polynomial.pi_net.definition import Recursion

TILE, WARPS = 4096, 4
"""Products of a program's sums at once, samples x hidden x hidden: 32 a thread."""
WIDEST = 128
"""Hidden values: from there on a tile of one sample has 128 products a thread, and a matrix product is quicker."""


def forward(recursion: Recursion, *inputs: Tensor) -> Tensor:
    """(batch, classes), from the form's inputs in order. Raises UsageError for more than WIDEST hidden values."""
    values = _values(recursion, *inputs[:-2])[1]
    return torch.addmm(inputs[-1], values[-1].to(inputs[-1].dtype), inputs[-2].T)


def gradients(recursion: Recursion, grad: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Those of all inputs, in order, from grad (batch, classes)."""
    z, a, *middle, c, _ = inputs
    p, x, y, roots = _values(recursion, z, a, *middle)
    of_p, of_y = torch.empty_like(p), torch.empty_like(y)
    s, b = middle or (z, z)
    if p.numel():
        pulled = (grad @ c).to(x.dtype)
        _launch(programs.backward, recursion, a, z, (pulled, p, s, b, x, y, roots, of_p, of_y))
    flat = of_p.flatten(1).to(z.dtype)
    found = [flat @ a.flatten(0, 1), (flat.T @ z).view_as(a)]
    if middle:
        found += [torch.bmm(of_y[1:].transpose(1, 2), x[:-1]).to(z.dtype), of_y.sum(1).to(z.dtype)]
    return (*found, grad.T @ x[-1].to(grad.dtype), grad.sum(0))


def _values(recursion: Recursion, z: Tensor, a: Tensor, *middle: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Projections (batch, degree, hidden), and what `programs.forward` writes, in float32 for the 16-bit types."""
    degree, hidden, _ = a.shape
    if hidden > WIDEST:
        raise UsageError(f"the Triton kernel takes at most {WIDEST} hidden values, not {hidden}; use torch_compile")
    p = (z @ a.flatten(0, 1).T).view(-1, degree, hidden)
    exact = torch.float64 if z.dtype == torch.float64 else torch.float32
    x = z.new_empty(degree, z.shape[0], hidden, dtype=exact)
    y = torch.empty_like(x) if middle else x[:0]
    roots = z.new_empty(degree, z.shape[0], dtype=exact)
    s, b = middle or (z, z)
    if p.numel():
        _launch(programs.forward, recursion, a, z, (p, s, b, x, y, roots))
    return p, x, y, roots


def _launch(compiled: Any, recursion: Recursion, a: Tensor, z: Tensor, tensors: tuple[Tensor, ...]) -> None:
    degree, hidden, _ = a.shape
    batch, width = z.shape[0], max(2, triton.next_power_of_2(hidden))
    samples = max(1, min(64, TILE // width**2))
    fixed = {
        "ncp": recursion.form == "ncp",
        "skip": recursion.skip,
        "norm": recursion.norm,
        "wide": accumulator(z.dtype),
        "samples": samples,
        "width": width,
        "num_warps": WARPS,
    }
    contiguous = tuple(tensor.contiguous() for tensor in tensors)
    launch(compiled, (-(-batch // samples),), z, (*contiguous, batch, hidden, degree), fixed)
