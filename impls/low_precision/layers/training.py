"""Does training hold? Each product of each step in few bits, forward and backward; all else in float32, weights too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from impls.low_precision.formats.names import format_of
from impls.low_precision.layers.intercept import Intercepted
from impls.low_precision.layers.models import RATE, TASK, TOKENS, attention
from impls.low_precision.products.product import product
from impls.low_precision.products.treatments import treatment_of

if TYPE_CHECKING:
    from torch import Tensor, nn

TESTED, LAST = 1024, 20
"""Sequences that are tested at the end; steps whose mean loss is kept."""


@dataclass(frozen=True)
class Arm:
    """How the products of a training are computed. kept: a format's name, "" for float32.

    stochastic: operands of both gradients are rounded stochastically; those of the forward product never are.
    """

    kept: str = ""
    treatment: str = "plain"
    stochastic: bool = False

    def __str__(self) -> str:
        return f"{self.kept}, {self.treatment}{', stochastic' * self.stochastic}" if self.kept else "float32"


@dataclass(frozen=True)
class Ended:
    """loss, mean: mean cross-entropy of the last and of all steps, nats. right: share of unseen sequences, 0 to 1.

    steps: fewer than asked where the loss stopped being finite; then all three are NaN.
    """

    loss: float
    mean: float
    right: float
    steps: int


class Products:
    """`Multiply` of an arm. seed: of its stochastic rounding."""

    def __init__(self, arm: Arm, seed: int) -> None:
        self._kept, self._treat = format_of(arm.kept), treatment_of(arm.treatment)
        self._random = torch.Generator().manual_seed(seed) if arm.stochastic else None

    def __call__(self, name: str, x: Tensor, w: Tensor) -> Tensor:
        del name
        out: Tensor = _InFewBits.apply(x, w, self)  # type: ignore[no-untyped-call]  # PyTorch's own
        return out

    def product(self, a: Tensor, b: Tensor, *, gradient: bool) -> Tensor:
        random = self._random if gradient else None
        return product(a, b, self._treat(a, b), self._kept, random, torch.float32)


class _InFewBits(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, products: Products) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.products = products
        return products.product(x, w, gradient=False)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        x, w = ctx.saved_tensors
        of_x = ctx.products.product(grads[0], w.T, gradient=True)
        of_w = ctx.products.product(grads[0].T, x.T, gradient=True)
        return of_x, of_w, None


def trained(arm: Arm, seed: int, steps: int) -> Ended:
    """The model `attention`, by Adam. The same arguments give the same figures on the same machine and threads."""
    trainee = attention(seed)
    multiply = Products(arm, seed) if arm.kept else _exact
    optimizer, values = torch.optim.Adam(trainee.model.parameters(), RATE), []
    with Intercepted(trainee.model, multiply):
        for _, loss in zip(range(steps), trainee.losses, strict=False):
            optimizer.zero_grad()
            value = loss()
            values.append(float(value.detach()))
            if not math.isfinite(values[-1]):
                return Ended(math.nan, math.nan, math.nan, len(values))
            value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
        right = _share_right(trainee.model, seed)
    last = values[-LAST:]
    return Ended(math.fsum(last) / len(last), math.fsum(values) / len(values), right, len(values))


def _exact(name: str, x: Tensor, w: Tensor) -> Tensor:
    del name
    return functional.linear(x, w)


@torch.no_grad()
def _share_right(model: nn.Module, seed: int) -> float:
    tokens, answers = TASK.draw(TESTED, TOKENS, torch.Generator().manual_seed(1000 + seed))
    return float((model(tokens).argmax(1) == answers).float().mean())
