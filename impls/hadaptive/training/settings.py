"""How a training goes, apart from what is trained on what: a checkpoint keeps it, and a resumption must match it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from opbench.errors import UsageError, unknown

PRECISIONS: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
"""What autocast computes in. Parameters stay in float32; with float16 the loss is scaled against underflow."""


@dataclass(frozen=True)
class Settings:
    """The defaults are the paper's recipe (section 5.3): AdamW, cosine annealing with 5 % linear warm-up, batch 64.

    batch: images a step. At least 2: BatchNorm over one image of one pixel has no deviation.
    rate: AdamW's learning rate at its highest.
    decay: its weight decay.
    warm_up: share of all steps.

    Raises UsageError for a value outside its range, naming both.
    """

    epochs: int = 200
    batch: int = 64
    rate: float = 1e-3
    decay: float = 1e-4
    warm_up: float = 0.05
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_counts(epochs=self.epochs, batch=self.batch, seed=self.seed)
        if not 0 < self.rate < math.inf:
            raise UsageError(f"the learning rate is {self.rate}; expected above 0, in the paper 0.001")
        if not 0 <= self.decay < math.inf:
            raise UsageError(f"the weight decay is {self.decay}; expected at least 0, in the paper 0.0001")
        if not 0 <= self.warm_up < 1:
            raise UsageError(f"the warm-up is {self.warm_up} of all steps; expected at least 0 and below 1")
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)


def check_counts(*, epochs: object, batch: object, seed: object) -> None:
    """Raises UsageError for what is no whole number, or outside its range."""
    for name, value, least in (("epochs", epochs, 1), ("batch", batch, 2), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{name} is {value!r}; expected a whole number of at least {least}")
        if name == "seed" and value >= 1 << 32:
            raise UsageError(f"seed is {value}; expected below 2^32, which leaves room to derive one for each epoch")


def factor(step: int, steps: int, warm_up: float) -> float:
    """What the learning rate is multiplied by in step 0 <= `step` < `steps`.

    Rises linearly to 1 over the first `warm_up` of all steps, then falls along half a cosine towards 0, which it would
    reach one step after the last. A function of the step alone: there is no state to resume.
    """
    rising = round(warm_up * steps)
    if step < rising:
        return (step + 1) / rising
    return (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2
