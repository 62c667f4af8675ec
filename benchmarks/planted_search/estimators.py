"""Other gradients for the logits, from which the one in `search.mixed` was chosen.

All draw one candidate by a hard Gumbel softmax and return its result y; they differ in what else they run and in the
weight of each other result. M is the softmax under the draw, g the loss's gradient at y.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from benchmarks.planted_search.branches import Residual
from impls.hadaptive.search.mixed import Draw, Mixed


class DrawnAlone(Mixed):
    """Only the drawn candidate runs: the gradient is <g, y - x> dM of the drawn, or <g, y> dM without a residual.

    What this search did first. Nothing says what another candidate would have done instead.
    """

    def compared(self, x: Tensor, drawn: Draw) -> Tensor:
        y: Tensor = self.candidates[drawn.place](x)
        slope = drawn.soft[drawn.place] - drawn.soft[drawn.place].detach()
        added = y - x if any(isinstance(candidate, Residual) for candidate in self.candidates) else y
        weighted: Tensor = y + slope * added
        return weighted


class OneOther(Mixed):
    """The drawn candidate and one other, of all others with the same chance; its difference counts for theirs."""

    def compared(self, x: Tensor, drawn: Draw) -> Tensor:
        y: Tensor = self.candidates[drawn.place](x)
        others = len(self.candidates) - 1
        other = int(torch.randint(others, ()))
        other += other >= drawn.place
        slope = drawn.soft[other] - drawn.soft[other].detach()
        with torch.no_grad():
            difference: Tensor = self.candidates[other](x) - y
        return y + others * slope * difference


class ReinMax(Mixed):
    """All run; second order in their differences (Liu et al. 2023, arXiv 2304.08612, algorithm 2)."""

    def compared(self, x: Tensor, drawn: Draw) -> Tensor:
        onehot = nn.functional.one_hot(torch.tensor(drawn.place), len(self.candidates)).to(self.logits)
        mean = ((onehot + (self.logits.detach() / self.tau).softmax(0)) / 2).log()
        middle = (mean - self.logits.detach() + self.logits).softmax(0)
        return super().compared(x, Draw(drawn.place, 2 * middle - self.logits.softmax(0) / 2))


ESTIMATORS: Mapping[str, Callable[[Sequence[nn.Module]], Mixed]] = {
    "all": Mixed,
    "drawn": DrawnAlone,
    "one_other": OneOther,
    "reinmax": ReinMax,
}
"""By name; `all` is what the search does."""
