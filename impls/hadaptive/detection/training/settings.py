"""How a detector is trained: a checkpoint keeps it, and a resumption must match it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from impls.hadaptive.detection.data.target import SIZE
from impls.hadaptive.detection.model.anchors import map_edges
from impls.hadaptive.training.settings import check_counts, factor
from opbench.errors import UsageError

RATE, RATED_BATCH, LAST_RATE = 0.02, 64, 1e-5
"""Section A.4: 0.02 at 64 images a step, scaled by the batch, down to 1e-5. It speaks of 64 images on 5 GPUs, which do
not divide; we read 64 as all images of one step."""
WARM_UP = 3
"""Epochs (section A.4)."""


@dataclass(frozen=True)
class Settings:
    """The defaults are the paper's recipe (sections 5.4 and A.4); another batch has another rate, see `sources`.

    batch: images a step, at least 2.
    rate: SGD's learning rate at its highest, after the warm-up of three epochs.
    decay: weight decay, of all parameters.
    size: edge of the images in pixels.

    Raises UsageError for a value outside its range, naming both.
    """

    epochs: int = 120
    batch: int = RATED_BATCH
    rate: float = RATE
    momentum: float = 0.9
    decay: float = 5e-4
    seed: int = 0
    size: int = SIZE

    def __post_init__(self) -> None:
        check_counts(epochs=self.epochs, batch=self.batch, seed=self.seed)
        map_edges(self.size)
        if not LAST_RATE <= self.rate < math.inf:
            raise UsageError(f"the learning rate is {self.rate}; expected at least {LAST_RATE}, where it ends")
        for name, value in (("momentum", self.momentum), ("weight decay", self.decay)):
            if not 0 <= value < 1:
                raise UsageError(f"the {name} is {value}; expected at least 0 and below 1")

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate of step 0 <= `step` < `steps` of the whole training, a function of the step alone.

        Linear over the first three epochs, all of them where there are no more, then half a cosine to `LAST_RATE`.
        """
        return LAST_RATE + (self.rate - LAST_RATE) * factor(step, steps, min(1, WARM_UP / self.epochs))
