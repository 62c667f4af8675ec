"""Which k channels of each sample are multiplied: learned by ECA scores, and the two ablations that do without.

In training the learned choice is the top k of scores with Gumbel noise, and a straight-through estimator lets the
loss reach the scores: the chosen channels are multiplied by M_H, whose value is 1 and whose gradient is that of the
softmax M (Eq. 4 to 6). The published code flips that gradient's sign (`hard + M.detach() - M`); the equation is
followed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.cross_hadamard.steps import scores_of
from impls.hadaptive.ach_parts.static_selection import drawn_channels, first_channels
from impls.hadaptive.temperature import Adaptive, Temperature
from opbench.errors import UsageError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TAPS = 5
"""ECA's kernel: a channel's score is a weighted sum of its own mean and of two neighbours' on either side."""


@dataclass(frozen=True)
class Choice:
    """The chosen channels of each sample."""

    index: Tensor
    """(B, k) int64, the highest score first."""
    gate: Tensor | None
    """(B, k), 1 everywhere, with the gradient of M at the chosen channels; None where no gradient is wanted."""


class ChannelScores(nn.Module):
    """ECA (Eq. 3 without its bias, as published): xi = conv1d(mean over space), no sigmoid.

    x: (B, C, *spatial); returns (B, C) in x's dtype.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv1d(1, 1, TAPS, padding=TAPS // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return scores_of(x, self.mix.weight)


def gumbel(like: Tensor) -> Tensor:
    """-log(-log(u)) of Eq. 4, of `like`'s shape, in its dtype and device, from PyTorch's global generator.

    -log(u) of a uniform u is exponential, and drawn as such it is never 0 or infinite.
    """
    return -torch.empty_like(like, memory_format=torch.contiguous_format).exponential_().log()


def straight_through(noisy: Tensor, soft: Tensor, k: int) -> Choice:
    """The top k, each with a gate of value 1 and the gradient of M (Eq. 5 and 6).

    noisy: (B, C) scores with noise.
    soft: (B, C), M, an increasing function of `noisy`. The top k of `noisy` are those of M, but M of a cold softmax
        underflows to ties at 0, and `noisy` does not.
    """
    index = noisy.topk(k, dim=1).indices
    chosen = soft.gather(1, index)
    return Choice(index, 1 + (chosen - chosen.detach()))


class LearnedSelection(Adaptive):
    """Eval: the top k of the scores. Training: the top k of softmax((scores + Gumbel noise) / tau), straight through.

    x: (B, C, *spatial) with C >= k. Softmax and noise are in float32 or better: half precision would tie.
    """

    def __init__(self, k: int, rate: float) -> None:
        super().__init__()
        self.k = k
        self.scores = ChannelScores()
        self.temperature = Temperature(rate)

    def forward(self, x: Tensor) -> Choice:
        scores: Tensor = self.scores(x)
        if not self.training:
            return Choice(scores.topk(self.k, dim=1).indices, None)
        exact = scores if scores.dtype == torch.float64 else scores.float()
        noisy = exact + gumbel(exact)
        return straight_through(noisy, self.temperature(noisy).softmax(dim=1), self.k)

    def adapt(self, factor: Tensor | None = None) -> None:
        """One step of Algorithm 1 with the gradient of ECA's weights."""
        self.temperature.update(self.scores.mix.weight.grad, factor)


class FixedSelection(nn.Module):
    """The first k channels, always: nothing to learn (figure 3, fixed combinations).

    Which k does not matter, because the convolution before can move any channel there.
    """

    def __init__(self, k: int, rate: float) -> None:
        super().__init__()
        del rate
        self.k = k

    def forward(self, x: Tensor) -> Choice:
        return Choice(first_channels(x.shape[0], self.k, x.device), None)


class RandomSelection(FixedSelection):
    """What is left of the learned selection when ECA is taken out (figure 3, no ECA): every channel scores the same.

    Then M of Eq. 4 is a softmax of noise alone, and its top k a uniformly drawn set: in training one for each sample
    and step. In eval too the sets are drawn, one for each place in a batch, because that is what the layers behind were
    trained for: the first k of equal scores would be a set that they met as seldom as any other. Those of eval are the
    same in every call, so that a network evaluates alike twice.
    """

    def forward(self, x: Tensor) -> Choice:
        if not self.training:
            return Choice(drawn_channels(x.shape[0], x.shape[1], self.k, x.device), None)
        noise = torch.rand(x.shape[:2], device=x.device)
        return Choice(noise.topk(self.k, dim=1).indices, None)


SELECTIONS: Mapping[str, Callable[[int, float], nn.Module]] = {
    "learned": LearnedSelection,
    "random": RandomSelection,
    "fixed": FixedSelection,
}
"""By the names that configurations use; each is called with k and the temperature's rate."""


def selector(name: str, k: int, channels: int, rate: float) -> nn.Module:
    """The selection of k of `channels` channels: a module from x (B, C, *spatial) to a Choice.

    Raises UsageError for an unknown name, for k < 2, which makes no pairs, and for k > channels.
    """
    check_selection(name, k)
    if k > channels:
        raise UsageError(f"cannot select k = {k} of {channels} channels; expected 2 <= k <= {channels}")
    return SELECTIONS[name](k, rate)


def check_selection(name: object, k: object) -> None:
    """Raises UsageError for an unknown name and for a k that is no whole number of at least 2."""
    if not isinstance(name, str) or name not in SELECTIONS:
        raise unknown("selection", str(name), SELECTIONS, "of ACH")
    if isinstance(k, bool) or not isinstance(k, int) or k < 2:
        raise UsageError(f"k = {k!r} selected channels do not make pairs; expected a whole number of at least 2")
