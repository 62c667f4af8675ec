"""Two tasks of two views of a digit, the second of them noisy: the halves of an image; the image and a copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from impls.fusion.digits import EDGE, Part, splits

if TYPE_CHECKING:
    from torch import Tensor

TASKS = ("halves", "copy")
ABOUT: Mapping[str, str] = {
    "halves": "left and right half of a digit, noise in the right",
    "copy": "a digit and a noisy copy of it",
}
INPUTS: Mapping[str, tuple[int, int]] = {"halves": (32, 32), "copy": (64, 64)}


@dataclass(frozen=True)
class Viewed:
    """a: the clean view, b: the other one without noise, noise: normal, one number for each of b's.

    a (seeds, images, inputs), b and noise (seeds, images, inputs) float32; y (seeds, images) int64.
    """

    a: Tensor
    b: Tensor
    noise: Tensor
    y: Tensor

    def noisy(self, deviations: Sequence[float], *, rescaled: bool) -> tuple[Tensor, Tensor]:
        """Both views for every deviation of the noise, (deviations * seeds, images, inputs); a pixel's own is 1.

        rescaled: brought back to the variance of 1 in all, as a view is by what is trained on.
        """
        others = [
            (self.b + deviation * self.noise) / ((1 + deviation**2) ** 0.5 if rescaled else 1.0)
            for deviation in deviations
        ]
        return self.a.repeat(len(deviations), 1, 1), torch.cat(others)


def views(task: str, seeds: Sequence[int]) -> dict[str, Viewed]:
    """By part. An image's noise is drawn once, as a recording's is, and is the seed's own."""
    parts = splits(seeds)
    randoms = [torch.Generator().manual_seed(5_000_000 + seed) for seed in seeds]
    named = {"training": parts.training, "validation": parts.validation, "test": parts.test}
    return {name: _viewed(task, part, randoms) for name, part in named.items()}


def _viewed(task: str, part: Part, randoms: Sequence[torch.Generator]) -> Viewed:
    if task == "halves":
        a, b = (half.flatten(2) for half in part.x.reshape(*part.x.shape[:2], EDGE, EDGE).chunk(2, dim=3))
    else:
        a = b = part.x
    noise = torch.stack([torch.randn(b.shape[1:], generator=random) for random in randoms])
    return Viewed(a, b, noise, part.y)
