"""ACH written out in PyTorch's own operators, none of ours: what compilers see through and counters walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.cross_hadamard.pairs import pair_indices
from impls.cross_hadamard.steps import gathered, selected
from impls.network.variants import expansions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from impls.hadaptive.ach import ACH
    from impls.hadaptive.selection import Choice


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


def as_function(network: nn.Module, names: Sequence[str]) -> Callable[..., Tensor]:
    """`network` as a function of x and of the values of these parameters and buffers, in this order.

    torch.func.functional_call would do, but refuses while fvcore traces.
    """
    places = []
    for path in names:
        owner, _, name = path.rpartition(".")
        places.append((network.get_submodule(owner), name))
        delattr(*places[-1])  # a parameter's name takes no plain tensor

    def function(x: Tensor, *values: Tensor) -> Tensor:
        for (owner, name), value in zip(places, values, strict=True):
            setattr(owner, name, value)
        scores: Tensor = network(x)
        return scores

    return function
