"""The adaptive cross-Hadamard module: mix channels, choose k of them, append the normalised products of all pairs.

Four ways lead to the same values. Once trained, everything after the convolution is one call (`fused_expansion`).
With other selections, one pass (`ach_expand`) makes the output where the backend has it; BatchNorm in training, which
needs statistics of the pairs, and the paper's own schedules take separate steps. And in training the chosen channels
first go through a gate that carries the gradient to their scores, so they are gathered before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.cross_hadamard.functional import ach_expand, cross_hadamard
from impls.cross_hadamard.kernels import PUBLISHED, check_name
from impls.cross_hadamard.pairs import pair_count
from impls.cross_hadamard.steps import selected
from impls.hadaptive.ach_parts.fused_evaluation import fused_expansion
from impls.hadaptive.ach_parts.normalizers import DynamicNorm, normalizer
from impls.hadaptive.ach_parts.selection import selector
from impls.hadaptive.ach_parts.static_selection import first_channels

if TYPE_CHECKING:
    from impls.hadaptive.ach_parts.selection import Choice


class ACH(nn.Module):
    """(B, C, H, W) to (B, C + k(k-1)/2, H, W): figure 2, Eq. 2 to 11.

    channels: C.
    k: channels chosen per sample, 2 <= k <= C.
    norm: of the pairs, a name in `normalizers.NORMALIZERS`.
    selection: a name in `selection.SELECTIONS`; other than `learned` are ablations.
    pointwise: whether the 1x1 convolution before the selection is there; BatchNorm stays without it.
    backend: of the products, any name `cross_hadamard` takes; see `use_backend` to change it later.
    rate: of the temperature (Algorithm 1), which moves when `temperature.adapt_temperatures` is called.

    float32, float64, and half precision by autocast or by conversion. The output is contiguous.
    Raises UsageError for k outside its range and unknown names; ValueError for an input of other channels or rank.
    """

    def __init__(
        self,
        channels: int,
        k: int,
        *,
        norm: str = "dysoft",
        selection: str = "learned",
        pointwise: bool = True,
        backend: str = "auto",
        rate: float = 0.01,
    ) -> None:
        super().__init__()
        check_name(backend)
        self.channels, self.k, self.backend = channels, k, backend
        self.select = selector(selection, k, channels, rate)
        convolution = nn.Conv2d(channels, channels, 1) if pointwise else nn.Identity()
        self.mix = nn.Sequential(convolution, nn.BatchNorm2d(channels))
        self.norm = normalizer(norm, pair_count(k))

    @property
    def out_channels(self) -> int:
        """C + k(k-1)/2."""
        return self.channels + pair_count(self.k)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 4 or x.shape[1] != self.channels:
            raise ValueError(f"x has shape {tuple(x.shape)}; this ACH takes (B, {self.channels}, H, W)")
        mixed: Tensor = self.mix(x)
        if not self.training and (expanded := fused_expansion(self._modules, mixed, self.k, self.backend)) is not None:
            return expanded
        choice: Choice = self.select(mixed)
        if choice.gate is None:
            return self._expanded(mixed, choice.index)
        gated = selected(mixed, choice.index) * choice.gate[:, :, None, None].to(mixed.dtype)
        return torch.cat([mixed, self._pairs(gated)], dim=1)

    def _expanded(self, mixed: Tensor, index: Tensor) -> Tensor:
        """concat(mixed, N(pairs of the indexed channels)), in one pass where there is one."""
        norm = self.norm
        if isinstance(norm, DynamicNorm) and self._fuses():
            return ach_expand(mixed, index, norm.alpha, norm.weight, norm.bias, norm=norm.f, backend=self.backend)
        return torch.cat([mixed, norm(cross_hadamard(mixed, index, backend=self.backend))], dim=1)

    def _pairs(self, gated: Tensor) -> Tensor:
        """N(pairs of all channels of `gated` (B, k, H, W)).

        Fused, the k channels come along and are cut off: less than a tenth of the pairs from k = 21 on, and the
        eager normaliser would read and write all pairs eight times.
        """
        if not (isinstance(self.norm, DynamicNorm) and self._fuses()):
            pairs: Tensor = self.norm(cross_hadamard(gated, backend=self.backend))
            return pairs
        everyone = first_channels(gated.shape[0], self.k, gated.device)
        return self._expanded(gated, everyone)[:, self.k :]

    def _fuses(self) -> bool:
        return self.backend.partition(":")[2] not in PUBLISHED

    def extra_repr(self) -> str:
        return f"{self.channels}, k={self.k}, out_channels={self.out_channels}, backend={self.backend!r}"


def use_backend(model: nn.Module, backend: str) -> None:
    """Lets every ACH module of `model` compute its products by `backend` from now on; parameters stay.

    Raises UsageError for an unknown backend. A compiled model compiles again.
    """
    check_name(backend)
    for module in model.modules():
        if isinstance(module, ACH):
            module.backend = backend
