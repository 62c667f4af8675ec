"""Many small models of one form, trained at once: every tensor has the models along its first axis.

Adam works element by element and the loss is a sum over models, so that none learns of another: each is trained as it
would be alone, at the cost of a few batched matrix products a step in place of many small ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Of one model's parameters."""

Parameters: TypeAlias = "dict[str, Tensor]"
"""By name, float32 (models, *shape)."""

Batch: TypeAlias = "tuple[tuple[Tensor, ...], Tensor]"
"""Inputs, each (models, images, features) float32, and labels (models, images) int64."""

Logits: TypeAlias = "Callable[..., Tensor]"
"""From parameters and a batch's inputs to (models, images, classes)."""


def initial(shapes: Shapes, seeds: Sequence[int]) -> Parameters:
    """A model for each seed: matrices (inputs, outputs) normal over sqrt(inputs), everything else zero.

    A model's values depend on its seed and on the matrices before, not on the other seeds: models that differ in
    vectors alone begin with the same matrices.
    """
    drawn: dict[str, list[Tensor]] = {name: [] for name in shapes}
    for seed in seeds:
        random = torch.Generator().manual_seed(seed)
        for name, shape in shapes.items():
            normal = len(shape) > 1
            value = torch.randn(shape, generator=random) / math.sqrt(shape[0]) if normal else torch.zeros(shape)
            drawn[name].append(value)
    return {name: torch.stack(values) for name, values in drawn.items()}


def repeated(parameters: Parameters, times: int) -> Parameters:
    """Each model `times` times over: all models, then all again."""
    return {name: value.repeat(times, *[1] * (value.dim() - 1)) for name, value in parameters.items()}


def count(shapes: Shapes) -> int:
    """Parameters of one model."""
    return sum(math.prod(shape) for shape in shapes.values())


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x (models, images, inputs), weight (models, inputs, outputs), bias (models, outputs)."""
    return torch.baddbmm(bias[:, None], x, weight)


def train(
    parameters: Parameters,
    logits: Logits,
    batches: Iterable[Batch],
    rate: float,
    penalty: Callable[[Parameters], Tensor] | None = None,
    after: Callable[[int], None] = lambda _: None,
) -> None:
    """One step of Adam a batch, in place, on the mean cross-entropy of each model and `penalty` (models,).

    after: called with the number of steps done.
    """
    leaves = [value.requires_grad_() for value in parameters.values()]
    optimizer = torch.optim.Adam(leaves, rate)
    for done, (inputs, labels) in enumerate(batches, 1):
        optimizer.zero_grad()
        found = logits(parameters, *inputs)
        loss = functional.cross_entropy(found.flatten(0, 1), labels.flatten(), reduction="sum") / labels.shape[1]
        if penalty is not None:
            loss = loss + penalty(parameters).sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        after(done)


@torch.no_grad()
def accuracies(parameters: Parameters, logits: Logits, inputs: tuple[Tensor, ...], labels: Tensor) -> Tensor:
    """Each model's share of right answers, (models,) float32."""
    right: Tensor = logits(parameters, *inputs).argmax(2) == labels
    return right.float().mean(1)
