"""A layer that is not decided yet: several candidates, a logit for each, and one of them run at a time.

GDAS draws one candidate by a hard Gumbel softmax and lets the gradient reach every logit through the softmax M beneath:
the drawn candidate is weighted by a number of value 1 and of M's gradient. Running the others as well, to multiply them
by 0, would cost as many times more as there are candidates and change nothing.

Where the weight stands matters, because every candidate begins with a convolution and BatchNorm, and BatchNorm cancels
any factor its input had. A weight on the whole output of a layer before one without a residual would get no gradient
but rounding. Here it stands on what a candidate adds to its input, where there is a residual. The input itself is in
the output of every candidate of such a layer, the blank included, and so says nothing about which is better; what is
left is measured against the blank, whose own part is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from impls.hadaptive.ach_parts.selection import gumbel
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Draw(NamedTuple):
    """One candidate, drawn."""

    place: int
    slope: Tensor
    """(), 0 in value, with the gradient of M at `place`: a weight of 1 is 1 + slope."""


def draw(logits: Tensor, tau: float) -> Draw:
    """A hard Gumbel softmax over logits (n,), float32 or better; the noise is from PyTorch's global generator.

    Candidate i is drawn with probability softmax(logits)[i], whatever tau > 0; M = softmax((logits + noise) / tau).
    """
    noisy = logits + gumbel(logits)
    place = int(noisy.argmax())
    soft = (noisy / tau).softmax(0)[place]
    return Draw(place, soft - soft.detach())


class Mixed(nn.Module):
    """x to the result of one candidate: in training a drawn one, in eval the one with the highest logit.

    candidates: modules of the same input and output shapes; nn.Identity is a blank.
    residual: whether every candidate adds its input to its result (a blank adds nothing else).
    State: `logits` (n,), 0 at first, so that all are equally likely; `tau`, which `set_temperature` sets.
    Raises UsageError for fewer than two candidates.
    """

    def __init__(self, candidates: Sequence[nn.Module], *, residual: bool) -> None:
        super().__init__()
        if len(candidates) < 2:
            raise UsageError(f"a choice of {len(candidates)} candidates; expected at least 2, or a layer that is fixed")
        self.candidates = nn.ModuleList(candidates)
        self.logits = nn.Parameter(torch.zeros(len(candidates)))
        self.residual = residual
        self.tau = 1.0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            best: Tensor = self.candidates[self.best](x)
            return best
        place, slope = draw(self.logits, self.tau)
        y: Tensor = self.candidates[place](x)
        if not slope.requires_grad:
            return y
        return y + slope * (y - x if self.residual else y)

    @property
    def best(self) -> int:
        """The candidate with the highest logit."""
        return int(self.logits.argmax())

    @property
    def confidence(self) -> list[float]:
        """softmax(logits): the probability with which each candidate is drawn."""
        shares: list[float] = self.logits.detach().double().softmax(0).tolist()
        return shares

    def extra_repr(self) -> str:
        return f"residual={self.residual}, tau={self.tau:g}"


def undecided(model: nn.Module) -> Iterator[Mixed]:
    """The layers of `model` that have a choice, in order."""
    return (module for module in model.modules() if isinstance(module, Mixed))


def set_temperature(model: nn.Module, tau: float) -> None:
    for mixed in undecided(model):
        mixed.tau = tau


def logits_of(model: nn.Module) -> list[nn.Parameter]:
    """What the architecture's optimiser trains."""
    return [mixed.logits for mixed in undecided(model)]


def weights_of(model: nn.Module) -> list[nn.Parameter]:
    """Every other parameter."""
    logits = {id(one) for one in logits_of(model)}
    return [one for one in model.parameters() if id(one) not in logits]
