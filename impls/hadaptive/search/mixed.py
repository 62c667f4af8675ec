"""A layer that is not decided yet: several candidates, a logit for each, and one of them run at a time.

GDAS draws one candidate by a hard Gumbel softmax, passes its result y on, and lets the gradient reach every logit
through the softmax M beneath. A step of the weights needs no more than that, and runs the drawn candidate alone. A step
of the logits runs all of them (`comparing`), as the authors' code does: logit i learns by <g, y_i - y>, what the loss
would change by, to first order, if y_i stood there instead. What all results have in common, such as the input of
residual candidates, cancels; a blank is compared like any other.

The drawn candidate alone says nothing of the others. Its weight then stands on what it adds to its input; training
drives <g, y - x> towards 0, for BatchNorm's scale and shift could use it, and a drawn blank adds 0. Such a search ends
in blanks. `benchmarks.planted_search`, 20 seeds a toy: comparing all finds 20 in eight toys of one layer, and 15 where
a blank is best because the others overfit; the drawn alone 18 in the two that were tried. In five layers of six at
once, of 100: all 62, the drawn and one other 52, ReinMax 47, the drawn alone 26. It costs: with ten candidates a step
of the logits takes 7.5 times as long as the drawn alone, both steps together 2.5 times (with one other 1.9 and 1.2).
"""

from __future__ import annotations

from contextlib import contextmanager
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
    soft: Tensor
    """(n,), M = softmax((logits + noise) / tau), with its gradient; its largest is that of `place`."""


def draw(logits: Tensor, tau: float) -> Draw:
    """A hard Gumbel softmax over logits (n,), float32 or better; the noise is from PyTorch's global generator.

    Candidate i is drawn with probability softmax(logits)[i], whatever tau > 0.
    """
    noisy = logits + gumbel(logits)
    return Draw(int(noisy.argmax()), (noisy / tau).softmax(0))


class Mixed(nn.Module):
    """x to the result of one candidate: in training a drawn one, in eval the one with the highest logit.

    candidates: modules of the same input and output shapes; nn.Identity is a blank.
    State: `logits` (n,), 0 at first, so that all are equally likely; `tau`, which `set_temperature` sets.
    Inside `comparing(model)`, in training and in eval, it is a drawn one whose result carries the logits' gradient.
    Raises UsageError for fewer than two candidates.
    """

    def __init__(self, candidates: Sequence[nn.Module]) -> None:
        super().__init__()
        if len(candidates) < 2:
            raise UsageError(f"a choice of {len(candidates)} candidates; expected at least 2, or a layer that is fixed")
        self.candidates = nn.ModuleList(candidates)
        self.logits = nn.Parameter(torch.zeros(len(candidates)))
        self.tau = 1.0
        self.compares = False

    def forward(self, x: Tensor) -> Tensor:
        if self.compares:
            return self.compared(x, draw(self.logits, self.tau))
        place = draw(self.logits, self.tau).place if self.training else self.best
        y: Tensor = self.candidates[place](x)
        return y

    def compared(self, x: Tensor, drawn: Draw) -> Tensor:
        """The drawn candidate's result y, with the gradient sum over i of <g, y_i - y> dM_i for the logits.

        g is the loss's gradient at y. Weights that are held keep no graph, and the others' results never have one.
        """
        y: Tensor = self.candidates[drawn.place](x)
        if not torch.is_grad_enabled():
            return y
        slopes, reference, mixture = drawn.soft - drawn.soft.detach(), y.detach(), y
        for place, candidate in enumerate(self.candidates):
            if place != drawn.place:
                with torch.no_grad():
                    difference = candidate(x) - reference
                mixture = mixture + slopes[place] * difference
        return mixture

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
        return f"tau={self.tau:g}"


def undecided(model: nn.Module) -> Iterator[Mixed]:
    """The layers of `model` that have a choice, in order."""
    return (module for module in model.modules() if isinstance(module, Mixed))


def set_temperature(model: nn.Module, tau: float) -> None:
    for mixed in undecided(model):
        mixed.tau = tau


@contextmanager
def comparing(model: nn.Module) -> Iterator[None]:
    """Inside, the layers of `model` that have a choice compare all their candidates, for a step of the logits."""
    layers = list(undecided(model))
    for mixed in layers:
        mixed.compares = True
    try:
        yield
    finally:
        for mixed in layers:
            mixed.compares = False


def logits_of(model: nn.Module) -> list[nn.Parameter]:
    """What the architecture's optimiser trains."""
    return [mixed.logits for mixed in undecided(model)]


def weights_of(model: nn.Module) -> list[nn.Parameter]:
    """Every other parameter."""
    logits = {id(one) for one in logits_of(model)}
    return [one for one in model.parameters() if id(one) not in logits]
