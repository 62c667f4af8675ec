"""Three tasks for a mask over inputs: digits; digits beside another image; a function of a few of many numbers.

Of the last two it is known which inputs mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from impls.fusion.digits import CLASSES, Part, Splits, splits

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Task:
    """useful: (seeds, inputs) bool, what the label depends on; None where that is not known."""

    name: str
    inputs: int
    classes: int
    parts: Splits
    useful: Tensor | None


def digits(seeds: Sequence[int]) -> Task:
    """The 64 pixels of an image."""
    parts = splits(seeds)
    return Task("digits", parts.test.x.shape[2], CLASSES, parts, None)


def beside_another(seeds: Sequence[int]) -> Task:
    """The 64 pixels and those of another image of the same part, in an order of the seed's own: alike, but useless."""
    randoms, parts = _generators(seeds), splits(seeds)
    width = 2 * parts.test.x.shape[2]
    order = torch.stack([torch.randperm(width, generator=random) for random in randoms])

    def widened(part: Part) -> Part:
        count = part.x.shape[1]
        others = torch.stack([torch.randperm(count, generator=random) for random in randoms])
        both = torch.cat([part.x, part.x.gather(1, others[..., None].expand_as(part.x))], 2)
        return Part(both.gather(2, order[:, None].expand_as(both)), part.y)

    made = Splits(widened(parts.training), widened(parts.validation), widened(parts.test))
    return Task("digits beside another image", width, CLASSES, made, order < width // 2)


INPUTS, USEFUL, UNITS, ANSWERS = 64, 8, 16, 4
"""Of the function: the inputs, those that it reads, the tanh units in it, its classes."""
IMAGES = {"training": 1024, "validation": 360, "test": 4096}


def few_of_many(seeds: Sequence[int]) -> Task:
    """The largest of 4 sums of 16 tanh of 8 of 64 independent normal numbers; places and weights are the seed's own.

    The sums are centred and scaled over the training part, so that no class is rare.
    """
    randoms = _generators(seeds)
    places = torch.stack([torch.randperm(INPUTS, generator=random)[:USEFUL] for random in randoms])
    first = _normal(randoms, USEFUL, UNITS) * (2 / math.sqrt(USEFUL))
    second = _normal(randoms, UNITS, ANSWERS)
    drawn = {name: _normal(randoms, count, INPUTS) for name, count in IMAGES.items()}

    def sums(x: Tensor) -> Tensor:
        read = x.gather(2, places[:, None].expand(-1, x.shape[1], -1))
        return torch.tanh(read @ first) @ second

    deviation, mean = torch.std_mean(sums(drawn["training"]), dim=1, keepdim=True)
    parts = {name: Part(x, ((sums(x) - mean) / deviation).argmax(2)) for name, x in drawn.items()}
    useful = torch.zeros(len(seeds), INPUTS, dtype=torch.bool).scatter_(1, places, value=True)
    return Task("8 of 64 inputs", INPUTS, ANSWERS, Splits(**parts), useful)


TASKS: Mapping[str, Callable[[Sequence[int]], Task]] = {
    "digits": digits,
    "beside_another": beside_another,
    "few_of_many": few_of_many,
}


def _generators(seeds: Sequence[int]) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(1_000_000 + seed) for seed in seeds]


def _normal(randoms: Sequence[torch.Generator], *shape: int) -> Tensor:
    return torch.stack([torch.randn(shape, generator=random) for random in randoms])
