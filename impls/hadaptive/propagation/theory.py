"""What section A.2 says of mean and variance behind a cross-Hadamard product, and what follows over many of them.

One product. For independent x_i of mean mu_i and variance v_i, with E[x^2] = mu^2 + v:

    E[x_i x_j] = mu_i mu_j
    Var(x_i x_j) = E[x_i^2] E[x_j^2] - mu_i^2 mu_j^2 = mu_i^2 v_j + mu_j^2 v_i + v_i v_j

Only independence is used, so that this holds for every distribution. A channel times itself is another matter: for a
normal Z, E[Z^4] = mu^4 + 6 mu^2 v + 3 v^2, hence E[Z^2] = mu^2 + v and Var(Z^2) = 2 v (2 mu^2 + v), twice the variance
of two independent ones where mu is 0.

One layer. Behind the products of k channels stand a normaliser N (none, BatchNorm, or f(alpha y) w + b of Eq. 11), and
a linear map phi that makes k channels again. Its weights are a / P + g e / sqrt(P), for P pairs and standard normal e,
its bias b. The paper's E[phi] = mu sum(X) / m + E[b] and Var(phi) = sigma^2 |A|_F^2 / m become, over the channels of
one position, which are normal given what they were made of:

    m' = b + a E[N(y)]        v' = g^2 E[N(y)^2]        y = z_1 z_2,  z ~ Normal(m, v)

This is the map T_f of the paper. That E[N^2] stands where the paper has the variance is due to the weights: the means
of the channels differ by as much as the random weights make of E[N].

Over depth. g and b are chosen so that T_f rests at a state (m, v), the statistics that a trained BatchNorm hands on.
What is asked is whether it stays there: what becomes of an input that is scaled by rho. Without a normaliser
v' / v_rest = (v / v_rest)^2 where the mean is 0: a deviation is squared by every layer, rho^(2^depth), and float16 is
left within four layers. BatchNorm with the statistics it was trained with is affine, and changes none of that. A
bounded N cannot pass g^2 max(N^2) however large y is. How steep it is at rest is `stability`: below 1 a small deviation
shrinks, above 1 it grows until the bound stops it, or, downward, vanishes. BatchNorm by the statistics of its own batch
puts the batch to rest in one layer, and no position of it: what distinguishes a position from the others is passed on
as by `bn`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

HERMITE = 64
"""Nodes of Gauss and Hermite's quadrature, where it serves."""

FAR, REACH, STEP = 9.0, 34.0, 0.08
"""Elsewhere the trapezoidal rule over log |z|: to FAR deviations, from exp(-REACH) of that on, in steps of STEP. Half
the step changes E[N^2] by less than 1e-14 of it, at variances from 1e-6 to 1e60. Gauss and Hermite's 96 nodes, which do
not see the turn at 0, are off by 4 % at a variance of 400."""


class Moments(NamedTuple):
    """Mean and variance; `square` is the mean of squares."""

    mean: float
    variance: float

    @property
    def square(self) -> float:
        return self.mean**2 + self.variance


def product(first: Moments, second: Moments) -> Moments:
    """Of x_i x_j, for independent factors of any distribution."""
    variance = first.mean**2 * second.variance + second.mean**2 * first.variance + first.variance * second.variance
    return Moments(first.mean * second.mean, variance)


def squared(factor: Moments) -> Moments:
    """Of Z^2, for a normal Z."""
    return Moments(factor.square, 2 * factor.variance * (2 * factor.mean**2 + factor.variance))


def linear(inputs: Moments, weights: Values, bias: Values) -> Moments:
    """Of the outputs of phi, pooled: inputs (n,) of these moments and uncorrelated, weights (m, n), bias (m,).

    The mean over outputs of their means, and the mean over outputs of their variances.
    """
    outputs = len(weights)
    return Moments(
        inputs.mean * float(weights.sum()) / outputs + float(bias.mean()),
        inputs.variance * float((weights**2).sum()) / outputs,
    )


def _softsign(u: Values) -> Values:
    return np.asarray(u / (1 + np.abs(u)))


def _sigmoid(u: Values) -> Values:
    return np.asarray(np.tanh(u / 2) / 2)  # sigmoid(u) - 0.5, which does not overflow


def _algebraic(u: Values) -> Values:
    return np.asarray(u / np.hypot(1, u))


@dataclass(frozen=True)
class Bounded:
    """f(alpha y) w, as the module of that name starts; its bias starts at 0."""

    f: Callable[[Values], Values]
    alpha: float
    weight: float

    def __call__(self, y: Values) -> Values:
        scaled: Values = self.weight * self.f(self.alpha * y)
        return scaled


BOUNDED = {
    "dysoft": Bounded(_softsign, 0.5, 1.0),
    "dysig": Bounded(_sigmoid, 0.35, 2.0),
    "dyalge": Bounded(_algebraic, 0.5, 1.0),
    "dyt": Bounded(np.tanh, 0.5, 1.0),
}

NORMS = ("none", "bn", "bn_batch", *BOUNDED)
"""`bn` normalises by the statistics of the resting state, as BatchNorm in eval; `bn_batch` by its input's own."""


@dataclass(frozen=True)
class Stack:
    """Layers of one kind, at rest in the state `rest` of their channels; mean_gain is `a` above."""

    norm: str
    rest: Moments
    mean_gain: float = 1.0

    @cached_property
    def gain(self) -> float:
        """g, by which the rest is one."""
        return math.sqrt(self.rest.variance / self.normalised(self.rest).square)

    @cached_property
    def bias(self) -> float:
        """b, likewise."""
        return self.rest.mean - self.mean_gain * self.normalised(self.rest).mean

    def normalised(self, state: Moments) -> Moments:
        """Of N(y), where the channels are in `state`."""
        y = product(state, state)
        if self.norm == "none":
            return y
        if self.norm == "bn_batch":
            return Moments(0.0, 1.0)
        if self.norm == "bn":
            at_rest = product(self.rest, self.rest)
            return Moments((y.mean - at_rest.mean) / math.sqrt(at_rest.variance), y.variance / at_rest.variance)
        return _by_quadrature(BOUNDED[self.norm], state)

    def after(self, state: Moments) -> Moments:
        """T_f: the next layer's state."""
        normalised = self.normalised(state)
        return Moments(self.bias + self.mean_gain * normalised.mean, self.gain**2 * normalised.square)


def largest_product(pairs: int) -> float:
    """In standard deviations, how large the largest of so many products of two centred normal channels is.

    The t for which pairs P(|z_1 z_2| > t) = 1, by the tail sqrt(2 / (pi t)) exp(-t) of that density; 1 at least.
    """
    size = 1.0
    for _ in range(30):
        size = max(1.0, math.log(max(1.0, pairs * math.sqrt(2 / (math.pi * size)))))
    return size


def overflow(layers: Sequence[Moments], largest: float, pairs: int) -> int | None:
    """The first of these layers of products, from 1, whose largest at the typical position passes `largest`."""
    sizes = (abs(products.mean) + largest_product(pairs) * math.sqrt(products.variance) for products in layers)
    return next((at for at, size in enumerate(sizes, 1) if size > largest), None)


def states(stack: Stack, start: Moments, depth: int, largest: float = math.inf) -> list[Moments]:
    """Of the channels before each of `depth` layers, or up to the first whose products pass `largest` in size."""
    reached = [start]
    while len(reached) < depth and math.sqrt(product(reached[-1], reached[-1]).square) <= largest:
        reached.append(stack.after(reached[-1]))
    return reached


def stability(stack: Stack, step: float = 1e-4) -> float:
    """d log v' / d log v at rest, the mean held: what one layer makes of a small relative deviation of the variance."""
    mean, variance = stack.rest
    above, below = (stack.after(Moments(mean, variance * math.exp(sign * step))).variance for sign in (1, -1))
    return math.log(above / below) / (2 * step)


def _nodes(state: Moments) -> tuple[Values, Values]:
    """Of a normal variable: where, and with which probability; they lie densest at 0, where a bounded N turns."""
    deviation = math.sqrt(state.variance)
    if deviation <= abs(state.mean) / FAR:  # 0 is out of reach, and everything smooth
        at, shares = np.polynomial.hermite_e.hermegauss(HERMITE)
        return state.mean + deviation * at, shares / shares.sum()
    farthest = math.log(abs(state.mean) + FAR * deviation)
    size = np.exp(np.arange(farthest - REACH, farthest, STEP))
    at = np.concatenate([-size[::-1], size])
    shares = np.abs(at) * np.exp(-0.5 * ((at - state.mean) / deviation) ** 2)
    return at, shares / shares.sum()


@lru_cache(maxsize=256)  # a study asks the same of every dtype
def _by_quadrature(function: Callable[[Values], Values], state: Moments) -> Moments:
    at, shares = _nodes(state)
    n = function(np.outer(at, at))
    mean = float(shares @ n @ shares)
    return Moments(mean, float(shares @ n**2 @ shares) - mean**2)
