"""Layers of which we know the best candidate, because we planted it: nine of them, each drawn anew from a seed.

*Frozen* candidates are random functions, and one of them made the classes. *Trained* ones learn with the search, and
one of them can learn what makes the classes where the rest cannot. Where a blank is planted, the others lose what it
keeps or, of few images, learn what is not there. Which place the planted one has depends on the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from benchmarks.planted_search.branches import FEATURES, Forgetful, Residual, bottleneck, product, random_tanh
from impls.hadaptive.images.digits import Labelled
from impls.hadaptive.search.gdas import Search
from impls.hadaptive.search.mixed import Mixed, undecided
from impls.hadaptive.search.settings import Settings

SAMPLES, BATCH, EPOCHS = 512, 32, 25
"""Of each half; with them 400 steps of the logits."""
FEW = 64
"""Samples of the half for the weights where candidates are to overfit."""

MixedLayer: TypeAlias = Callable[[Sequence[nn.Module]], Mixed]
Modules: TypeAlias = list[nn.Module]


@dataclass(frozen=True)
class Toy:
    """One planted truth.

    layers: for each layer what makes its candidates by PyTorch's global generator, the planted first.
    truth: features (N, FEATURES) float32 to classes (N,) int64, for what is trained; None where the planted candidates
        themselves make them.
    classes: how many.
    few: whether the half for the weights is FEW samples, over and over.
    """

    about: str
    layers: tuple[Callable[[], Modules], ...]
    truth: Callable[[Tensor], Tensor] | None = None
    classes: int = 2
    few: bool = False

    def planted(self, seed: int) -> list[int]:
        """The place of the planted candidate in each layer."""
        return [(seed + layer) % len(candidates()) for layer, candidates in enumerate(self.layers)]

    def search(self, seed: int, mixed: MixedLayer = Mixed) -> Search:
        """A search over the layers before a classifier, not yet run; the seed fixes candidates, samples and noise.

        Leaves PyTorch's global generator as it was.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers, head = [candidates() for candidates in self.layers], self._head()
            labels = self.truth or partial(_classes, nn.Sequential(*(layer[0] for layer in layers), head))
            halves = [self._half(labels, train=train) for train in (True, False)]
            ordered = [_first_at(place, layer) for place, layer in zip(self.planted(seed), layers, strict=True)]
        # AdamW moves a weight by its rate a step: at 1e-12 a frozen one stays where it is.
        rate = 1e-2 if self.truth else 1e-12
        settings = Settings(epochs=EPOCHS, batch=BATCH, weight_rate=rate, logit_rate=0.02, seed=seed)
        return Search(lambda: nn.Sequential(*map(mixed, ordered), head), halves[0], halves[1], settings)

    def _head(self) -> nn.Module:
        if self.truth:
            return nn.Sequential(nn.BatchNorm1d(FEATURES), nn.Linear(FEATURES, self.classes))
        head = nn.Linear(FEATURES, self.classes, bias=False)
        nn.init.normal_(head.weight, 0, 2)
        return head

    def _half(self, labels: Callable[[Tensor], Tensor], *, train: bool) -> Labelled:
        few = self.few and train
        x = torch.randn(FEW if few else SAMPLES, FEATURES)
        classes = labels(x)
        times = SAMPLES // len(x)
        return Labelled(x.repeat(times, 1), classes.repeat(times))


def found(search: Search) -> list[int]:
    """Runs a search to its end; returns the place of the likeliest candidate of each layer."""
    for _ in search.run():
        pass
    return [mixed.best for mixed in undecided(search.model)]


def _first_at(place: int, candidates: Modules) -> Modules:
    return [*candidates[1 : place + 1], candidates[0], *candidates[place + 1 :]]


@torch.no_grad()
def _classes(network: nn.Module, x: Tensor) -> Tensor:
    classes: Tensor = network(x).argmax(1)
    return classes


def _frozen(branches: int) -> Modules:
    return [Residual(*random_tanh()) for _ in range(branches)]


def _in_network() -> Modules:
    """Smaller, for the first layers of several would scramble all that the last can see."""
    return [Residual(*random_tanh(0.75)) for _ in range(5)]


def _hardswish_or_linear(kind: type[nn.Sequential | Residual], *more: nn.Module) -> Modules:
    return [kind(*bottleneck(16, hardswish=True)), kind(*bottleneck(16, hardswish=False)), *more]


def _products() -> Modules:
    pairs = ((0, 1), (0, 2), (1, 2), (3, 4), (2, 5), (1, 4))
    return [*(Residual(*product(i, j)) for i, j in pairs), nn.Identity()]


def _forgetful() -> Modules:
    return [nn.Identity(), *(Forgetful(Residual(*bottleneck(16, hardswish=bent))) for bent in (True, False, True))]


def _overfitting() -> Modules:
    return [nn.Identity(), *(Residual(*bottleneck(width, hardswish=True)) for width in (32, 64, 128))]


def _linear(x: Tensor) -> Tensor:
    return x @ torch.tensor([1.0, -1.0, 0.7, 0.5, -0.7, 1.0])


def _bent(x: Tensor) -> Tensor:
    """Linear in all features, and bent in two: 84 % can be had without seeing the bend."""
    return (_linear(x) + 1.2 * (x[:, 0].abs() + x[:, 3].abs() - 1.6) > 0).long()


def _multiplied(x: Tensor) -> Tensor:
    return (0.7 * _linear(x) + 3 * x[:, 0] * x[:, 1] > 0).long()


def _noisy(x: Tensor, noise: float) -> Tensor:
    return (_linear(x) + noise * torch.randn(len(x)) > 0).long()


def _bare() -> Modules:
    return [nn.Sequential(*random_tanh()) for _ in range(2)]


_PLANTED, _BLANK = (lambda: [*_in_network(), nn.Identity()]), (lambda: [nn.Identity(), *_in_network()])

TOYS: Mapping[str, Toy] = {
    "frozen-2": Toy("two random functions, not residual", (_bare,), classes=3),
    "frozen-4": Toy("three, and a blank", (lambda: [*_frozen(3), nn.Identity()],), classes=3),
    "frozen-7": Toy("six, and a blank", (lambda: [*_frozen(6), nn.Identity()],), classes=3),
    "frozen-blank": Toy("a blank; three", (lambda: [nn.Identity(), *_frozen(3)],), classes=3),
    "frozen-5x6": Toy(
        "five layers of six, a blank in the third", (_PLANTED, _PLANTED, _BLANK, _PLANTED, _PLANTED), classes=3
    ),
    "trained-2": Toy("Hardswish; linear, not residual", (lambda: _hardswish_or_linear(nn.Sequential),), _bent),
    "trained-3": Toy("Hardswish; linear, blank", (lambda: _hardswish_or_linear(Residual, nn.Identity()),), _bent),
    "trained-7": Toy("one product; five others, blank", (_products,), _multiplied),
    "trained-blank": Toy("a blank; three that forget half of the samples", (_forgetful,), partial(_noisy, noise=0.7)),
    "overfit-blank": Toy("a blank; three that overfit", (_overfitting,), partial(_noisy, noise=1.5), few=True),
}
"""Residual where nothing else is said. `trained-3` is at 84 % of the classes without its bend, at 92 % with it."""
