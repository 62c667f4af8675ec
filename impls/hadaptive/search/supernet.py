"""All networks of a space in one module, their common layers and each candidate's weights shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from impls.hadaptive.network import HadaptiveNet, built
from impls.hadaptive.search.mixed import Mixed, undecided

if TYPE_CHECKING:
    from impls.hadaptive.config import NetworkConfig
    from impls.hadaptive.search.space import Candidate, Space


class SuperNet(HadaptiveNet):
    """(B, in_chans, H, W) to scores (B, num_classes), in training by drawn candidates, in eval by the likeliest.

    A Hadaptive-Net in whose body a `Mixed` stands for every layer with more than one candidate; errors are its errors.
    `config` is that of the deepest network, `space.full`; `chosen` that of the arg-max.
    """

    def __init__(self, space: Space, *, num_classes: int = 100, in_chans: int = 3, backend: str = "auto") -> None:
        super().__init__(space.full, num_classes=num_classes, in_chans=in_chans, backend=backend)
        self.space = space
        for at, place in enumerate(space.places):
            if place.searched:
                inputs = space.places[at - 1].channels if at else in_chans
                modules = [_module(candidate, inputs, backend) for candidate in place.candidates]
                self.body[at] = Mixed(modules)

    @property
    def choices(self) -> list[int]:
        """The candidate with the highest logit in every layer, 0 where there is one."""
        mixed = iter(undecided(self))
        return [next(mixed).best if place.searched else 0 for place in self.space.places]

    @property
    def confidences(self) -> list[list[float]]:
        """softmax of the logits in every layer that is searched; an empty list for the others."""
        mixed = iter(undecided(self))
        return [next(mixed).confidence if place.searched else [] for place in self.space.places]

    @property
    def chosen(self) -> NetworkConfig:
        """The arg-max network, for `network.build`."""
        return self.space.config(self.choices)


def _module(candidate: Candidate, inputs: int, backend: str) -> nn.Module:
    return nn.Identity() if candidate is None else built(candidate, inputs, backend)
