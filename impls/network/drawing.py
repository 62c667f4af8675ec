"""Seeded weights under which the networks behave as trained ones do, and select alike in float32 and float64.

Two things random weights would not give:
- Activations of one size through thirty layers. BatchNorm's statistics are those of a probe: seeded images sent
  through the network once, where every layer normalises by what it sees and selects as in eval.
- Scores that do not lie close. The scores of a seeded set of k + spare channels are moved onto the rungs of a ladder
  through the shift of the BatchNorm before the selection. What an image adds to them reorders some neighbours, so
  that samples select differently, but 96 to 256 scores no longer crowd into the same range. Where two happen to lie
  too close all the same, the reference refuses the point (`reference.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.expansion.ach.scene import TAPS, before_eca
from impls.hadaptive.network import HadaptiveNet
from impls.network.variants import CLASSES, config_of, expansions, selecting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from impls.hadaptive.ach import ACH

SEED = 5
PROBE = (12, 3, 128, 128)
"""The last maps of L are 2x2 then: 48 values for each statistic, of 12 colours and contrasts."""

LOWEST, RUNG = 0.3, 0.08
"""Score of the lowest rung, and from one to the next; all other channels score between -1 and 0."""

SPREAD = 0.4
"""Of the mixed channels around their mean. Less would let images reorder nothing, and the pairs would hardly vary."""


def images(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """(B, 3, H, W) float32: noise whose contrast and colour differ from sample to sample, as photographs' do."""
    batch, channels = shape[:2]
    contrast = torch.rand(batch, 1, 1, 1, generator=random) * 0.6 + 0.7
    colour = torch.randn(batch, channels, 1, 1, generator=random) * 0.25
    return contrast * (torch.randn(shape, generator=random) + colour)


@lru_cache(maxsize=3)
def state(operator: str) -> Mapping[str, Tensor]:
    """Float32 values of the network's whole state on the CPU, by their names. Not to be written to."""
    random = torch.Generator().manual_seed(SEED)
    network = HadaptiveNet(config_of(operator), num_classes=CLASSES, backend="torch_eager")
    with torch.no_grad():
        draw(network, random)
        for ach in expansions(network).values():
            put_on_rungs(ach, random)
        probe = images(PROBE, random)
        take_statistics(network, lambda: network.forward_features(probe))
    return network.state_dict()


def draw(network: nn.Module, random: torch.Generator) -> None:
    """Weights scaled by their fan-in; of the rest values that all matter: no 0, no 1."""
    for name, parameter in network.named_parameters():
        if parameter.dim() > 1:
            parameter.copy_(torch.randn(parameter.shape, generator=random) * parameter[0].numel() ** -0.5)
        elif name.endswith(("weight", "alpha")):
            parameter.copy_(torch.rand(parameter.shape, generator=random) + 0.5)
        else:
            parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.3)


def put_on_rungs(ach: ACH, random: torch.Generator) -> None:
    """Moves the scores of a seeded set of channels onto the ladder, those of all others below it."""
    count = min(ach.channels, ach.k + max(1, ach.k // 4))
    wanted = torch.rand(ach.channels, generator=random) - 1
    climbing = torch.randperm(ach.channels, generator=random)[:count]
    wanted[climbing] = LOWEST + RUNG * torch.arange(count)
    norm, eca = ach.mix[1], ach.get_submodule("select.scores.mix")
    assert isinstance(norm, nn.BatchNorm2d)
    norm.weight.copy_(SPREAD * (torch.rand(ach.channels, generator=random) + 0.5))
    norm.bias.copy_(before_eca(wanted))
    assert isinstance(eca, nn.Conv1d)
    eca.weight.copy_(torch.tensor(TAPS).view_as(eca.weight))


def take_statistics(network: nn.Module, run: Callable[[], object]) -> None:
    """BatchNorm's, from one pass in training, `run`. The network is left in training, its selections in eval."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    for ach in expansions(network).values():
        ach.select.eval()  # noise would select channels of lower scores, whose pairs are smaller
    run()


def ladders(operator: str, batch: int, random: torch.Generator) -> dict[str, Tensor]:
    """The selections' noise in a training step: for each ACH module (batch, C), by its name and `.noise`.

    The whole numbers below C, shuffled for each sample. Scores differ by less than a few rungs of that, so rounding
    cannot reorder them, and with the temperature at 4 the softmax still passes gradients to the first few.
    """
    values = {}
    for name, channels in selecting(operator).items():
        order = torch.rand(batch, channels, generator=random).argsort(dim=1)
        values[f"{name}.noise"] = order.to(torch.float32)
    return values
