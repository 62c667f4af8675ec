"""ACH written out in PyTorch's own operators, none of ours: what compilers see through and counters walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.cross_hadamard.pairs import pair_indices
from impls.cross_hadamard.steps import gathered, selected
from impls.network.variants import expansions

if TYPE_CHECKING:
    from impls.hadaptive.ach import ACH
    from impls.hadaptive.ach_parts.selection import Choice


class Written(nn.Module):
    """The same parts under the same names as the ACH it is made from: (B, C, H, W) to (B, C + k(k-1)/2, H, W)."""

    i: Tensor
    j: Tensor

    def __init__(self, ach: ACH) -> None:
        super().__init__()
        self.mix, self.select, self.norm = ach.mix, ach.select, ach.norm
        device = next(ach.mix.parameters()).device
        # Held, not looked up in `forward`: a compiled graph would make the tables anew in every call.
        for name, table in zip("ij", pair_indices(ach.k, device), strict=True):
            self.register_buffer(name, table, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(x)
        choice: Choice = self.select(mixed)
        z = selected(mixed, choice.index)
        if choice.gate is not None:
            z = z * choice.gate[:, :, None, None]
        return torch.cat([mixed, self.norm(gathered(z, self.i, self.j))], dim=1)


def write_out(network: nn.Module) -> None:
    """Replaces every ACH module of `network`."""
    for name, ach in expansions(network).items():
        network.set_submodule(name, Written(ach))
