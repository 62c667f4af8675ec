"""How a search goes, apart from what is searched on what: numbers that a resumption must match."""

from __future__ import annotations

import math
from dataclasses import dataclass

from impls.hadaptive.search.annealing import check_schedule
from impls.hadaptive.training.settings import check_counts
from opbench.errors import UsageError, unknown

LOGITS_MODES = ("eval", "train")


@dataclass(frozen=True)
class Settings:
    """The defaults are the paper's (appendix A.1), batch and epochs included.

    batch: images a step, of either half.
    weight_rate, weight_decay: of AdamW over the weights; the rate falls along half a cosine, epoch by epoch.
    logit_rate: of AdamW over the logits, which do not decay (the paper says nothing of it), so that only gradients move
        them.
    clip: the norm that the gradients of the logits are cut to.
    weight_clip: that of the gradients of the weights; None leaves them as they are, as the authors' configuration does.
    logits_mode: in which mode the network is while the logits learn, one of LOGITS_MODES. In `eval`, which is the
        authors' configuration, ACH chooses without Gumbel noise, BatchNorm normalises by its running statistics, and
        these stay untouched by the images of the logits.
    annealing: a name in `annealing.SCHEDULES`.

    Raises UsageError for a value outside its range, naming both.
    """

    epochs: int = 250
    batch: int = 64
    annealing: str = "linear"
    weight_rate: float = 3e-3
    weight_decay: float = 1e-4
    logit_rate: float = 3e-4
    clip: float = 1.0
    weight_clip: float | None = None
    logits_mode: str = "eval"
    seed: int = 0

    def __post_init__(self) -> None:
        check_schedule(self.annealing)
        check_counts(epochs=self.epochs, batch=self.batch, seed=self.seed)
        for name, usual in (("weight_rate", 3e-3), ("logit_rate", 3e-4), ("clip", 1.0)):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise UsageError(f"{name} is {value}; expected above 0, in the paper {usual:g}")
        if self.weight_clip is not None and not 0 < self.weight_clip < math.inf:
            raise UsageError(f"weight_clip is {self.weight_clip}; expected above 0, or None as in the paper")
        if self.logits_mode not in LOGITS_MODES:
            raise unknown("mode of the logits' steps", str(self.logits_mode), LOGITS_MODES)
        if not 0 <= self.weight_decay < math.inf:
            raise UsageError(f"weight_decay is {self.weight_decay}; expected at least 0, in the paper 0.0001")
