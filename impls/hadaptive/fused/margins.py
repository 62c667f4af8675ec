"""By how much a sample's selections are decided, and for which samples rounding decides.

ACH multiplies the channels of the k highest scores, in their order. Two ways to compute the same network differ in the
last bits of the scores; where two of the k + 1 highest lie closer than that, each may select what it likes, and their
outputs differ by far more than by rounding. Neither is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from impls.cross_hadamard.steps import scores_of
from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts.selection import LearnedSelection

if TYPE_CHECKING:
    from torch import nn

UNDECIDED = 1e-5
"""Of the largest score of a sample in a layer: below it, rounding may decide."""


@torch.no_grad()
def margins(network: nn.Module, x: Tensor) -> Tensor:
    """(B,) float64: the least distance between neighbours among the k + 1 highest scores, over the largest, of all ACH.

    network: a Hadaptive-Net, or anything with ACH inside, in eval mode; x: (B, C, H, W). Infinite without selections.
    Raises what the network raises for x.
    """
    least = torch.full((x.shape[0],), float("inf"), dtype=torch.float64)
    achs = [one for one in network.modules() if isinstance(one, ACH) and isinstance(one.select, LearnedSelection)]

    def look(ach: ACH, mixed: Tensor) -> None:
        torch.minimum(least, _margin(ach, mixed).cpu(), out=least)

    # Behind the mixed channels and not at the selection: a hook there keeps ACH from its quick way (`_watched`).
    hooks = [ach.mix.register_forward_hook(lambda _, __, y, ach=ach: look(ach, y)) for ach in achs]
    try:
        network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return least


def undecided(network: nn.Module, x: Tensor, near: float = UNDECIDED) -> Tensor:
    """(B,) bool: the samples for which rounding may decide what is selected. Arguments and errors as `margins`."""
    return ~(margins(network, x) >= near)  # NaN decides nothing


def _margin(ach: ACH, mixed: Tensor) -> Tensor:
    select = ach.select
    assert isinstance(select, LearnedSelection)
    scores = scores_of(mixed.double(), select.scores.mix.weight.double())
    highest = scores.sort(dim=1, descending=True).values[:, : ach.k + 1]
    gaps = (highest[:, :-1] - highest[:, 1:]).amin(dim=1)
    return gaps / scores.abs().amax(dim=1).clamp(min=torch.finfo(torch.float64).tiny)
