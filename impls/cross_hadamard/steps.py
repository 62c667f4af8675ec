"""The operator family in PyTorch's own operators, step by step: what eager runs, torch.compile compiles, and the
second gradients are derived from. Deterministic on every device: no scatter, no atomics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch

from impls.cross_hadamard import norms
from impls.cross_hadamard.contract import trust
from impls.cross_hadamard.pairs import channel_count, pair_indices, partner_indices

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from impls.cross_hadamard.kernels import Gradients, Statistics

    Products: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
    """(z, i, j, out) -> z[:, i] * z[:, j]."""


def selected(x: Tensor, index: Tensor) -> Tensor:
    """z (B, k, *spatial) with z[b, i] = x[b, index[b, i]]."""
    shape = (*index.shape, *(1,) * (x.dim() - 2))
    return x.gather(1, index.view(shape).expand(*index.shape, *x.shape[2:]))


def scores_of(x: Tensor, taps: Tensor) -> Tensor:
    """Efficient channel attention (Eq. 3, without bias and sigmoid): (B, C), each channel's mean and its neighbours'
    weighted by `taps`, an odd number of weights; zeros beyond the first and the last channel.
    """
    means = x.mean(dim=tuple(range(2, x.dim()))) if x.dim() > 2 else x
    scores: Tensor = torch.nn.functional.conv1d(means[:, None], taps.view(1, 1, -1), padding=taps.numel() // 2)
    return scores[:, 0]


def strongest(x: Tensor, taps: Tensor, k: int) -> Tensor:
    """(B, k) int64: the channels of each sample with the highest scores, the highest first."""
    index = scores_of(x, taps).topk(k, dim=1).indices
    trust(index, x.shape[1])
    return index


def affine(weight: Tensor, bias: Tensor, statistics: Statistics) -> tuple[Tensor, Tensor]:
    """BatchNorm with running statistics as one weight and one bias a channel, (P,) each, in float32 or better."""
    mean, variance, eps = statistics
    weight, bias, mean, variance = (
        tensor if tensor.dtype == torch.float64 else tensor.float() for tensor in (weight, bias, mean, variance)
    )
    scale = weight * (variance + eps).rsqrt()
    return scale, torch.addcmul(bias, mean, scale, value=-1)


def indexed(z: Tensor, i: Tensor, j: Tensor, out: Tensor | None = None) -> Tensor:
    """The products as one writes them down."""
    return torch.mul(z[:, i], z[:, j], out=out)


def gathered(z: Tensor, i: Tensor, j: Tensor, out: Tensor | None = None) -> Tensor:
    """The same through index_select."""
    return torch.mul(z.index_select(1, i), z.index_select(1, j), out=out)


class Tables(NamedTuple):
    """Index tables of n channels. Arguments rather than looked up inside: a compiled graph would rebuild them."""

    i: Tensor
    """First channel of every pair (P,), int64; `j` the second."""
    j: Tensor
    partners: Tensor
    """For every channel its n-1 partners (n * (n-1),), and in `positions` where their pairs stand."""
    positions: Tensor


def pairs_for(x: Tensor, index: Tensor | None) -> tuple[Tensor, Tensor]:
    """i and j of all pairs of x's, or of the selected, channels; cached, on x's device."""
    return pair_indices(channel_count(x, index), x.device)


def tables_for(x: Tensor, index: Tensor | None) -> Tables:
    """What gradients need beside; cached, on x's device."""
    n = channel_count(x, index)
    return Tables(*pair_indices(n, x.device), *partner_indices(n, x.device))


def pairs_of(
    x: Tensor, index: Tensor | None, ij: tuple[Tensor, Tensor], products: Products, out: Tensor | None = None
) -> Tensor:
    """The cross-Hadamard product (B, P, *spatial) of all or of the selected channels."""
    return products(x if index is None else selected(x, index), *ij, out)


def gradient(grad: Tensor, x: Tensor, index: Tensor | None, tables: Tables) -> Tensor:
    """The gradient of x: that of z_i is the sum over j of grad of pair (i, j) times z_j; repeats add up."""
    z = x if index is None else selected(x, index)
    n = z.shape[1]
    if n < 2:
        return torch.zeros_like(x, memory_format=torch.contiguous_format)
    shape = (z.shape[0], n, n - 1, *z.shape[2:])
    terms = grad.index_select(1, tables.positions).view(shape) * z.index_select(1, tables.partners).view(shape)
    of_z = terms.sum(2)
    return of_z if index is None else _returned(of_z, index, x.shape[1])


def _returned(of_z: Tensor, index: Tensor, channels: int) -> Tensor:
    """Gradients of the selected channels back at their places: one matrix product a sample, not a scatter."""
    places = torch.nn.functional.one_hot(index, channels).to(of_z.dtype).transpose(1, 2)
    back = places @ of_z.flatten(2)
    return back.view(of_z.shape[0], channels, *of_z.shape[2:])


def expansion(
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str,
    ij: tuple[Tensor, Tensor],
    products: Products,
) -> Tensor:
    """concat(x, f(alpha * pairs) * weight + bias): ACH's expansion in separate steps, in x's dtype."""
    f = norms.apply(norm, alpha * pairs_of(x, index, ij, products))
    return torch.cat([x, (f * _column(weight, x) + _column(bias, x)).to(x.dtype)], dim=1)


def expansion_gradients(
    grad: Tensor,
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str,
    tables: Tables,
    products: Products,
) -> Gradients:
    """Gradients of x, alpha, weight and bias."""
    channels = x.shape[1]
    passed, of_pairs = grad[:, :channels], grad[:, channels:]
    pairs = pairs_of(x, index, tables[:2], products)
    u = alpha * pairs
    weighted = of_pairs * _column(weight, x)
    of_u = weighted * norms.slope(norm, u)
    of_x = passed + gradient((of_u * alpha).to(x.dtype), x, index, tables)
    pixels = (0, *range(2, x.dim()))
    of_weight = (of_pairs * norms.apply(norm, u)).sum(pixels)
    return (
        of_x.to(x.dtype),
        (of_u * pairs).sum().reshape(alpha.shape).to(alpha.dtype),
        of_weight.to(weight.dtype),
        of_pairs.sum(pixels).to(bias.dtype),
    )


def _column(parameter: Tensor, x: Tensor) -> Tensor:
    """One value a channel, with fewer dimensions than x: counting tells a scale from a factor by that."""
    return parameter.view(-1, *(1,) * (x.dim() - 2))
