"""Trains many networks at once: every seed and every rate is a row of each parameter, none knows of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Plan:
    """seeds, rates: a network for each pair. steps: of Adam, after which the rate has fallen to 0 along a cosine.

    clip: the largest norm of a network's gradient, 0 for any.
    """

    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    steps: int
    clip: float = 0.0

    @property
    def networks(self) -> tuple[int, int]:
        return len(self.rates), len(self.seeds)


class Cohort:
    """Networks (rates, seeds, ...) of one kind. Of equal seeds all rates start at the same parameters.

    make: a module from the number of networks side by side; called for one network a seed.
    """

    def __init__(self, make: Callable[[tuple[int, ...]], nn.Module], plan: Plan) -> None:
        drawn = []
        for seed in plan.seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                drawn.append(dict(make(()).named_parameters()))
        self.module, self.plan = make(()), plan
        self.leaves = [
            {name: torch.stack([one[name].detach() for one in drawn]).requires_grad_() for name in drawn[0]}
            for _ in plan.rates
        ]
        groups = [
            {"params": list(leaves.values()), "lr": rate} for leaves, rate in zip(self.leaves, plan.rates, strict=True)
        ]
        self.optimizer = torch.optim.Adam(groups)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, plan.steps)

    def __call__(self, x: Tensor) -> Tensor:
        """(rates, seeds, batch, outputs) of x, (batch, features) or with an axis `seeds` before."""
        joined = {name: torch.stack([leaves[name] for leaves in self.leaves]) for name in self.leaves[0]}
        output: Tensor = torch.func.functional_call(self.module, joined, (x,))
        return output

    def steps(self, loss: Callable[[int], Tensor]) -> Iterator[int]:
        """Steps taken, from 0, before the first, to all. loss(step): (rates, seeds), one number a network."""
        yield 0
        for step in range(self.plan.steps):
            self.optimizer.zero_grad()
            loss(step).sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            if self.plan.clip:
                for leaves in self.leaves:
                    clip_each(list(leaves.values()), self.plan.clip)
            self.optimizer.step()
            self.schedule.step()
            yield step + 1


@torch.no_grad()
def clip_each(parameters: Sequence[Tensor], most: float) -> None:
    """Scales the gradients of every network, a row of each parameter, to a norm of at most `most`.

    One that is not finite is left as it is.
    """
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch.stack([grad.reshape(len(grad), -1).square().sum(1) for grad in grads]).sum(0).sqrt()
    factors = torch.where(norms.isfinite(), (most / norms.clamp(min=1e-12)).clamp(max=1.0), torch.ones_like(norms))
    for grad in grads:
        grad.mul_(factors.reshape(-1, *[1] * (grad.dim() - 1)))


def best_rate(errors: Tensor) -> int:
    """Position of the rate whose networks err least: errors (rates, seeds), the median of the seeds; NaN is worst."""
    worst = torch.where(errors.isfinite(), errors, torch.full_like(errors, torch.inf))
    return int(worst.quantile(0.5, 1, interpolation="higher").argmin())
