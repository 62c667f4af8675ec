"""Which frequencies are learned when: a sum of sines of 1 to 64 periods, and what of each is missing step by step.

The target is the survey's high-frequency sine with all frequencies in one (arXiv 2504.13112; the sum is that of Rahaman
et al., arXiv 1806.08734): sines of equal amplitude on [-1, 1], phases by seed. A polynomial of degree N in one variable
turns N - 1 times at most, so that (N - 1) / 2 periods are what it can have at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from impls.polynomial.pi_net.definition import Recursion
from impls.polynomial.study.subjects import Subject, gated_mlp, mlp, pi_net, stacked
from impls.polynomial.study.training import Cohort, Plan, best_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

PERIODS = (1, 2, 4, 8, 16, 32, 64)
POINTS = 256
"""Of training, a grid over [-1, 1): twice the number that 64 periods need."""
PARAMETERS = 2000
LEARNED = 0.1
"""Share of a frequency's amplitude that may be missing."""

SUBJECTS = (
    mlp(1, 1, layers=3),
    gated_mlp(1, 1, layers=3),
    pi_net(1, 1, 4, Recursion("ncp")),
    pi_net(1, 1, 16, Recursion("ncp")),
    pi_net(1, 1, 16, Recursion("ccp", skip=True)),
    pi_net(1, 1, 16, Recursion("ncp", norm=True)),
    stacked(1, 1, 4, 3, Recursion("ncp", norm=True)),
)


@dataclass(frozen=True)
class Sines:
    """A sum of sines for each seed: amplitudes (seeds, periods), complex, of e^(i pi k t)."""

    amplitudes: Tensor

    @classmethod
    def drawn(cls, seeds: tuple[int, ...]) -> Sines:
        """All sines of amplitude sqrt(2 / periods), so that each sum has variance 1."""
        phases = torch.stack(
            [torch.rand(len(PERIODS), generator=torch.Generator().manual_seed(1000 + seed)) for seed in seeds]
        )
        return cls(torch.polar(torch.full_like(phases, math.sqrt(2 / len(PERIODS))), 2 * math.pi * phases))

    def at(self, t: Tensor) -> Tensor:
        """(seeds, points, 1) of t (points,)."""
        return (self.amplitudes[:, None] * _waves(t)).real.sum(2, keepdim=True)

    def missing(self, values: Tensor) -> Tensor:
        """Share of each frequency's amplitude that is not there, (..., seeds, periods); 0 all is, 1 nothing.

        values: (..., seeds, points) on `grid(points)`.
        """
        count = values.shape[-1]
        found = 2 / count * values.to(torch.complex64) @ _waves(grid(count)).conj()
        return (found - self.amplitudes).abs() / self.amplitudes.abs()


def grid(count: int) -> Tensor:
    """`count` points of [-1, 1) at equal distances, the first in the middle of its part."""
    return (2 * torch.arange(count) + 1) / count - 1


def _waves(t: Tensor) -> Tensor:
    """e^(i pi k t): (points, periods)."""
    angles = math.pi * t[:, None] * torch.tensor(PERIODS)
    return torch.polar(torch.ones_like(angles), angles)


def looks(steps: int) -> tuple[int, ...]:
    """Steps at which is looked, four in every doubling, from 0 to the last."""
    found = {round(2 ** (n / 4)) for n in range(4 * math.ceil(math.log2(max(2, steps))))}
    return (0, *sorted(step for step in found if step < steps), steps)


def learned(subject: Subject, plan: Plan) -> dict[str, Any]:
    """One subject's training as a record: steps looked at, and of the best rate what is missing at each.

    missing: (looks, seeds, periods). errors: the mean square error over `grid` at the end, of every rate and seed.
    """
    width, sines = subject.width_within(PARAMETERS), Sines.drawn(plan.seeds)
    cohort = Cohort(lambda networks: subject.sized(width, networks), plan)
    t = grid(POINTS)
    target = sines.at(t)
    wanted, curves = set(looks(plan.steps)), []

    def loss(_: int) -> Tensor:
        return (cohort(t[:, None]) - target).square().mean((-2, -1))

    for step in cohort.steps(loss):
        if step in wanted:
            with torch.no_grad():
                curves.append(sines.missing(cohort(t[:, None]).squeeze(-1)))
    with torch.no_grad():
        errors = loss(plan.steps)
    best = best_rate(errors)
    return {
        "subject": subject.name,
        "degree": subject.degree,
        "width": width,
        "parameters": sum(p.numel() for p in subject.sized(width, ()).parameters()),
        "rate": plan.rates[best],
        "looks": looks(plan.steps),
        "missing": torch.stack(curves)[:, best].tolist(),
        "errors": errors.tolist(),
    }


def when_learned(record: Mapping[str, Any], period: int) -> list[int | None]:
    """Of every seed, the first look from which on less than LEARNED of the frequency is missing; None for never."""
    at, curves = PERIODS.index(period), record["missing"]
    return [_settled(record["looks"], [look[seed][at] for look in curves]) for seed in range(len(curves[0]))]


def _settled(steps: list[int], missing: list[float]) -> int | None:
    settled = None
    for step, share in zip(steps, missing, strict=True):
        if not share < LEARNED:
            settled = None
        elif settled is None:
            settled = step
    return settled
