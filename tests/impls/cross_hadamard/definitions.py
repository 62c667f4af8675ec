"""The operator family as loops in float64, rounded once; and seeded values to feed it."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]

F = {
    "softsign": lambda u: u / (1 + u.abs()),
    "sigmoid": lambda u: 1 / (1 + (-u).exp()) - 0.5,
    "algebraic": lambda u: u / (1 + u * u).sqrt(),
    "tanh": lambda u: u.tanh(),
    "identity": lambda u: u,
}


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def index_of(batch: int, k: int, channels: int, seed: int = 1) -> Tensor:
    """Repeats are likely."""
    return torch.randint(channels, (batch, k), generator=torch.Generator().manual_seed(seed))


def channels_of(x: Tensor, index: Tensor | None) -> Tensor:
    if index is None:
        return x
    if not len(x):
        return x.new_empty(0, index.shape[1], *x.shape[2:])
    return torch.stack([x[b, index[b]] for b in range(len(x))])


def pairs(x: Tensor, index: Tensor | None = None) -> Tensor:
    """z[i] * z[j] for every i < j, in x's own precision."""
    z = channels_of(x, index)
    found = [z[:, i] * z[:, j] for i, j in itertools.combinations(range(z.shape[1]), 2)]
    return torch.stack(found, 1) if found else z.new_empty(z.shape[0], 0, *z.shape[2:])


def expected(x: Tensor, index: Tensor | None = None) -> Tensor:
    return pairs(x.double(), index).to(x.dtype)


def expansion(index: Tensor, x: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, *, norm: str) -> Tensor:
    """concat(x, f(alpha * pairs) * weight + bias) in x's own precision."""
    shape = (-1, *(1,) * (x.dim() - 2))
    return torch.cat([x, F[norm](alpha * pairs(x, index)) * weight.view(shape) + bias.view(shape)], 1)
