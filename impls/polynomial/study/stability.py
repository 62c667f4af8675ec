"""When products of many degrees break a training, in 32 and in 16 bits, and what keeps them from it.

NCP on the digits. Parameters are float32; with 16 bits, inputs, every step of the network and its gradients are of that
type, the loss and the update are not, and losses are not scaled: what overflows or vanishes shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from impls.polynomial.modules import NCP, PiNet, with_one
from impls.polynomial.pi_net.definition import Recursion, of_rows, projected
from impls.polynomial.study.digits import CLASSES, FEATURES, Digits, cross_entropy, share_wrong
from impls.polynomial.study.training import Cohort, Plan

if TYPE_CHECKING:
    from torch import Tensor

DEGREES = (4, 8, 16)
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
HIDDEN, SMALL, CLIP = 16, 0.3, 1.0
LARGE = 2.0
"""What inputs of deviation 1 are multiplied by, so that every degree doubles what the one before made."""


@dataclass(frozen=True)
class Remedy:
    """gain: of the later degrees' projections at the start. clip: the largest norm of a gradient, 0 for any.

    scale: of the inputs.
    """

    name: str
    recursion: Recursion = NCP
    scale: float = LARGE
    gain: float = 1.0
    clip: float = 0.0


REMEDIES = (
    Remedy("nothing, inputs of deviation 1", scale=1.0),
    Remedy("nothing"),
    Remedy("clipping", clip=CLIP),
    Remedy("skip", Recursion(skip=True)),
    Remedy("smaller start", gain=SMALL),
    Remedy("skip, smaller start", Recursion(skip=True), gain=SMALL),
    Remedy("LayerNorm", Recursion(norm=True)),
)


def withstood(remedy: Remedy, degree: int, dtype: str, plan: Plan, digits: Digits) -> dict[str, Any]:
    """A record: of every rate and seed, the share of test images right at the end, and whether a loss was not finite.

    plan: its `clip` is the remedy's.
    """
    plan = Plan(plan.seeds, plan.rates, plan.steps, remedy.clip)
    cohort = Cohort(
        lambda networks: PiNet(
            FEATURES,
            CLASSES,
            hidden=HIDDEN,
            degree=degree,
            recursion=remedy.recursion,
            gain=remedy.gain,
            networks=networks,
        ),
        plan,
    )
    draw, kind = digits.batches(plan), DTYPES[dtype]
    finite = torch.ones(plan.networks, dtype=torch.bool)

    def loss(_: int) -> Tensor:
        x, y = draw()
        found = cross_entropy(cohort((remedy.scale * x).to(kind)), y)
        finite.logical_and_(found.detach().isfinite())
        return found

    for _ in cohort.steps(loss):
        pass
    tested = remedy.scale * digits.tested[0], digits.tested[1]
    return {
        "remedy": remedy.name,
        "degree": degree,
        "dtype": dtype,
        "rates": list(plan.rates),
        "right": (1 - share_wrong(cohort, tested, kind)).tolist(),
        "finite": finite.tolist(),
    }


@torch.no_grad()
def sizes_at_start(scale: float, degree: int, seeds: tuple[int, ...], digits: Digits) -> dict[str, Any]:
    """How large NCP's values are before training, over all training images, multiplied by `scale`.

    values: of every seed and degree from 1 to `degree`, [root mean square, largest] in float64.
    """
    values = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = PiNet(FEATURES, CLASSES, hidden=HIDDEN, degree=degree).double()
        first, *others = projected(with_one(scale * digits.trained[0].double()), net.a)
        x = first * of_rows(net.b, 0)
        sizes = [_size(x)]
        for n, factor in enumerate(others, start=1):
            x = factor * (x @ net.s[n - 1].mT + of_rows(net.b, n))
            sizes.append(_size(x))
        values.append(sizes)
    return {"scale": scale, "values": values}


def _size(x: Tensor) -> list[float]:
    return [float(x.square().mean().sqrt()), float(x.abs().max())]
