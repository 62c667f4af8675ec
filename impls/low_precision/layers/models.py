"""Two models to record from, trained for some steps: a block of self-attention, and a small Hadaptive-Net on digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.attention.mixers import Answering, SelfAttention
from impls.attention.sequences import recall
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.images.batches import shuffled
from impls.hadaptive.images.digits import load
from impls.hadaptive.network import build
from impls.hadaptive.training.noise import Noise

if TYPE_CHECKING:
    from torch import Tensor, nn

    from impls.hadaptive.images.data import DataSet

TASK = recall(16)
TOKENS, WIDTH = 24, 64
SEQUENCES, IMAGES, RATE = 64, 32, 2e-3
"""A batch of either model, and the learning rate of both."""
EDGE = 32
DIGITS = NetworkConfig(
    (
        Convolution(32, kernel=2, stride=2, activation=False),
        Convolution(32, kernel=2, stride=2),
        GhostBottleneck(64, 2.0),
        HadaBottleneck(64, k=12, kernel=3),
        GhostBottleneck(96, 2.0, kernel=2, stride=2),
        HadaBottleneck(96, k=16, kernel=3),
    )
)
"""Two blocks of products among Ghost's, at 8x8 and 4x4 positions."""


@dataclass(frozen=True)
class Trainee:
    """A model and endless batches of it: each a function that returns the mean cross-entropy of that batch."""

    model: nn.Module
    losses: Iterator[Callable[[], Tensor]]


def attention(seed: int) -> Trainee:
    """`Answering` of 16 pairs among 24 tokens, width 64, four heads; batches of 64, so 1,536 tokens a product."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Answering(TASK, WIDTH, SelfAttention(WIDTH, heads=4))
    random = torch.Generator().manual_seed(seed)

    def losses() -> Iterator[Callable[[], Tensor]]:
        while True:
            yield partial(_loss, model, *TASK.draw(SEQUENCES, TOKENS, random))

    return Trainee(model, losses())


def hadaptive(seed: int) -> Trainee:
    """DIGITS on scikit-learn's digits at 32x32; batches of 32, so 2,048 and 512 positions a product.

    Raises MachineError without scikit-learn. Products by PyTorch's own operators: nothing is compiled for this.
    """
    data, noise = _digits(), Noise(torch.device("cpu"))
    with noise.seeded(seed):
        model = build(DIGITS, len(data.classes), data.channels, backend="torch_eager")

    def losses() -> Iterator[Callable[[], Tensor]]:
        epoch = 0
        while True:
            batches = iter(shuffled(data.train, IMAGES, (seed, epoch), 0))
            while True:
                with noise.continued():  # images are shifted as they are read
                    batch = next(batches, None)
                if batch is None:
                    break
                yield partial(loss, *batch)
            epoch += 1

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        with noise.continued():  # the head drops channels
            return _loss(model, images, labels)

    return Trainee(model, losses())


def _loss(model: nn.Module, x: Tensor, classes: Tensor) -> Tensor:
    return functional.cross_entropy(model(x), classes)


@lru_cache(maxsize=1)
def _digits() -> DataSet:
    return load(Path(), EDGE)


MODELS: Mapping[str, Callable[[int], Trainee]] = {"attention": attention, "hadaptive": hadaptive}
STEPS: Mapping[str, int] = {"attention": 120, "hadaptive": 60}
"""Before a step is recorded: both answer most of a batch by then, and have losses that still fall."""


def train(trainee: Trainee, steps: int) -> list[float]:
    """By Adam; returns the loss of every step. The same seed gives the same bits on the same machine and threads."""
    optimizer = torch.optim.Adam(trainee.model.parameters(), RATE)
    values = []
    for _, loss in zip(range(steps), trainee.losses, strict=False):
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        values.append(float(value.detach()))
    return values
