"""Seeded weights and images under which a detector of random weights behaves as a trained one does.

Activations keep their size and selections are decisive, as in `impls.network.drawing`. Scores are those of a detector
that has learnt what is background: most far below the threshold, and more above it than the thousand that
post-processing looks at, so that it takes no less time than in use.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impls.hadaptive.detection.model.detector import Detector
from impls.hadaptive.images.pictures import DEVIATION, MEAN
from impls.network.drawing import draw, put_on_rungs, take_statistics
from impls.network.variants import expansions
from impls.zoo.drawing import images as drawn_images

PROBE = (8, 3, 320, 320)
"""72 values for each statistic of the coarsest maps, 3x3, of eight colours."""

DARKEST = 0.8
"""Brightness of the probe's darkest image. Checks halve the image, and statistics of the brightest alone would leave a
dark one with scores of nearly 1 throughout."""

BACKGROUND, SPREAD = -8.5, 1.2
"""Mean of every class's logits, and deviation of all. Of the million scores of 80 classes at
320x320, 3,100 to 9,600 are above 0.01, by backbone; the best are at 0.4 to 0.99."""


def images(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """(B, 3, H, W) float32 from 0 to 1: a colour, and noise of all sizes, as photographs have."""
    mean, deviation = (torch.tensor(one)[:, None, None] for one in (MEAN, DEVIATION))
    return (drawn_images(shape, random) * deviation + mean).clamp(0, 1)


def settle(detector: Detector, random: torch.Generator, calm: float = 1.0) -> None:
    """Draws all parameters, and takes BatchNorm's statistics from a probe. The detector is left in training.

    calm: factor of the last BatchNorm in MobileNets' blocks, see `Model.calm`.
    """
    draw(detector, random)
    for block in detector.modules():
        if type(block).__name__ == "InvertedResidual":  # of timm, which has no public class of it
            block.get_parameter("bn3.weight").mul_(calm)
    for ach in expansions(detector).values():
        put_on_rungs(ach, random)
    probe = images(PROBE, random) * torch.linspace(DARKEST, 1, PROBE[0])[:, None, None, None]
    seen: dict[nn.Module, Tensor] = {}
    hooks = [one.register_forward_hook(lambda module, _, y: seen.update({module: y})) for one in _outputs(detector)]
    take_statistics(detector, lambda: detector(probe))
    for hook in hooks:
        hook.remove()
    for one, (mean, deviation) in _outputs(detector).items():
        _put_around(mean, deviation, one, seen[one])


def _outputs(detector: Detector) -> dict[nn.Conv2d, tuple[float, float]]:
    """The convolutions that end the head, with the mean and the deviation that their outputs are to have."""
    wanted = {"classification_head": (BACKGROUND, SPREAD), "regression_head": (0.0, 1.0)}
    return {
        [one for one in stage.modules() if isinstance(one, nn.Conv2d)][-1]: around
        for head, around in wanted.items()
        for stage in detector.head.get_submodule(f"{head}.module_list").children()
    }


def _put_around(mean: float, deviation: float, convolution: nn.Conv2d, seen: Tensor) -> None:
    """Has every channel of a convolution with a bias this mean, and all around theirs this deviation.

    seen: (B, C, H, W), what it gave. One factor for all channels: of a map of one place some hardly vary, and a factor
    of their own would make much of their rounding.
    """
    assert convolution.bias is not None
    variance, middle = torch.var_mean(seen, dim=(0, 2, 3))
    factor = deviation / variance.mean().sqrt()
    convolution.weight.mul_(factor)
    convolution.bias.copy_(mean + (convolution.bias - middle) * factor)
