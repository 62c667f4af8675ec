"""What becomes of a function outside the interval that it was trained on, near and far.

Two targets on [-1, 1]: a sine of two periods, and a cubic, which a polynomial network can be outside too. Far away a
polynomial grows with its degree, and layers of ReLU with the first power each product doubles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from impls.polynomial.modules import parameters_of
from impls.polynomial.pi_net.definition import Recursion
from impls.polynomial.study.spectrum import grid
from impls.polynomial.study.subjects import Subject, gated_mlp, mlp, pi_net
from impls.polynomial.study.training import Cohort, Plan, best_rate

if TYPE_CHECKING:
    from torch import Tensor

PARAMETERS, POINTS = 1000, 128
NEAR, FAR = 1.5, (1000.0, 2000.0)
"""Up to where errors are taken, and between which growth is."""

TARGETS: dict[str, Callable[[Tensor], Tensor]] = {
    "sine": lambda t: math.sqrt(2) * torch.sin(2 * math.pi * t),
    "cubic": lambda t: 3 * t**3 - 1.5 * t + 0.5,
}

SUBJECTS = (
    mlp(1, 1, layers=2),
    gated_mlp(1, 1, layers=2),
    pi_net(1, 1, 4, Recursion("ncp")),
    pi_net(1, 1, 8, Recursion("ncp")),
    pi_net(1, 1, 4, Recursion("ccp", skip=True)),
    pi_net(1, 1, 8, Recursion("ncp", norm=True)),
)


def extrapolated(subject: Subject, target: str, plan: Plan) -> dict[str, Any]:
    """A record: root mean square errors within the interval and beyond, and the power of t that it grows with, by seed.

    Of the rate that errs least within.
    """
    width, wanted = subject.width_within(PARAMETERS), TARGETS[target]
    cohort, t = Cohort(lambda networks: subject.sized(width, networks), plan), grid(POINTS)[:, None]

    def loss(_: int) -> Tensor:
        return (cohort(t) - wanted(t)).square().mean((-2, -1))

    for _ in cohort.steps(loss):
        pass
    with torch.no_grad():
        best = best_rate(loss(0))
        beyond = 1 + (NEAR - 1) * (grid(POINTS)[:, None] + 1) / 2
        both = torch.cat((beyond, -beyond))
        errors = {
            name: (cohort(places) - wanted(places))[best].square().mean((-2, -1)).sqrt().tolist()
            for name, places in (("within", t), ("beyond", both))
        }
        growth = _growth(cohort)[best].tolist()
    return {
        "subject": subject.name,
        "target": target,
        "degree": subject.degree,
        "width": width,
        "parameters": parameters_of(subject.sized(width, ())),
        "rate": plan.rates[best],
        **errors,
        "growth": growth,
    }


def _growth(cohort: Cohort) -> Tensor:
    """(rates, seeds): log |f(b) / f(a)| / log(b / a) for t from a to b, the larger of both sides, in float64."""
    near, far = FAR
    powers = []
    for side in (-1.0, 1.0):
        values = cohort(torch.tensor([[side * near], [side * far]], dtype=torch.float64)).squeeze(-1).abs()
        powers.append(torch.log(values[..., 1] / values[..., 0]) / math.log(far / near))
    return torch.maximum(*powers)
