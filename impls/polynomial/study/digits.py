"""Accuracy on scikit-learn's digits, 8 x 8 in ten classes: Pi-Nets beside networks of equally many parameters.

Not the survey's data: its defaults (28 x 28, degree 4, hidden size 16) are the sizes here but for the images' own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.nn import functional

from impls.hadaptive.images.digits import Labelled, Shifted, load
from impls.polynomial.modules import parameters_of
from impls.polynomial.pi_net.definition import Recursion
from impls.polynomial.study.subjects import Subject, gated_mlp, mlp, pi_net
from impls.polynomial.study.training import Cohort, Plan, best_rate

if TYPE_CHECKING:
    from torch import Tensor

FEATURES, CLASSES, BATCH = 64, 10, 128
KEPT = 287
"""Training images that choose the rate and are not trained on."""
PARAMETERS = 5162
"""Those of NCP 4 with the survey's hidden size 16."""

SUBJECTS = (
    mlp(FEATURES, CLASSES, layers=1),
    gated_mlp(FEATURES, CLASSES, layers=1),
    pi_net(FEATURES, CLASSES, 1, Recursion("ccp")),
    pi_net(FEATURES, CLASSES, 2, Recursion("ccp", skip=True)),
    pi_net(FEATURES, CLASSES, 4, Recursion("ncp")),
    pi_net(FEATURES, CLASSES, 4, Recursion("ncp", skip=True)),
    pi_net(FEATURES, CLASSES, 4, Recursion("ncp", norm=True)),
    pi_net(FEATURES, CLASSES, 4, Recursion("ccp", skip=True)),
    pi_net(FEATURES, CLASSES, 4, Recursion("ccp", skip=True, norm=True)),
)


@dataclass(frozen=True)
class Digits:
    """x (images, 64), mean 0 and deviation 1 over `trained` and `kept` together; y (images,) int64."""

    trained: tuple[Tensor, Tensor]
    kept: tuple[Tensor, Tensor]
    tested: tuple[Tensor, Tensor]

    @classmethod
    def read(cls) -> Digits:
        """1,150 images to train on, 287 to choose by, 360 to test. Raises MachineError without scikit-learn.

        They are normalised over the 1,437 of both first parts, those that choose the rate among them; by no test image.
        """
        data = load(Path(), 8)
        shifted, test = cast("Shifted", data.train), cast("Labelled", data.test)
        most = shifted.most
        x, y = shifted.padded[..., most:-most, most:-most].flatten(1), torch.tensor(shifted.labels)
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
        x, y = x[order], y[order]
        tested = test.images.flatten(1), torch.tensor(test.labels)
        return cls((x[KEPT:], y[KEPT:]), (x[:KEPT], y[:KEPT]), tested)

    def batches(self, plan: Plan) -> Callable[[], tuple[Tensor, Tensor]]:
        """A function that draws x (seeds, BATCH, 64) and y (seeds, BATCH), for each seed by its own numbers."""
        randoms = [torch.Generator().manual_seed(2000 + seed) for seed in plan.seeds]
        x, y = self.trained

        def draw() -> tuple[Tensor, Tensor]:
            at = torch.stack([torch.randint(len(x), (BATCH,), generator=random) for random in randoms])
            return x[at], y[at]

        return draw


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean over a batch: logits (..., batch, classes), labels (batch,) or of any axes before; in float32."""
    each = functional.cross_entropy(
        logits.float().flatten(0, -2), labels.expand(logits.shape[:-1]).flatten(), reduction="none"
    )
    return each.reshape(logits.shape[:-1]).mean(-1)


@torch.no_grad()
def share_wrong(cohort: Cohort, images: tuple[Tensor, Tensor], dtype: torch.dtype = torch.float32) -> Tensor:
    """(rates, seeds); of a network whose logits are not all finite, all."""
    x, y = images
    logits = cohort(x.to(dtype))
    wrong = (logits.argmax(-1) != y).float().mean(-1)
    return torch.where(logits.isfinite().all(-1).all(-1), wrong, torch.ones_like(wrong))


def trained(subject: Subject, plan: Plan, digits: Digits) -> dict[str, Any]:
    """A record: of the rate that is right most often on images kept apart, the share of test images right, by seed."""
    width = subject.width_within(PARAMETERS)
    cohort, draw = Cohort(lambda networks: subject.sized(width, networks), plan), digits.batches(plan)

    def loss(_: int) -> Tensor:
        x, y = draw()
        return cross_entropy(cohort(x), y)

    for _ in cohort.steps(loss):
        pass
    best = best_rate(share_wrong(cohort, digits.kept))
    right = {name: (1 - share_wrong(cohort, images))[best].tolist() for name, images in vars(digits).items()}
    return {
        "subject": subject.name,
        "degree": subject.degree,
        "width": width,
        "parameters": parameters_of(subject.sized(width, ())),
        "rate": plan.rates[best],
        "right": right,
    }
