"""Seeded images and weights, under which activations keep their size and logits tell images apart.

BatchNorm's statistics are those of a probe: seeded images sent through the model once in training, where every layer
normalises by what it sees. Without that, values vanish or explode over fifty layers. The probe has the edge that is
measured: a 7x7 convolution over the last maps of smaller images sees mostly padding, and statistics taken there let
StarNet-S4's activations grow 40-fold at 224.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from impls.network.drawing import draw

PROBE = (8, 3, 224, 224)
"""392 values for each statistic in the last maps. MobileNetV4 normalises once more behind its pooling, where 8 are."""

COLOUR = 0.25

CALM = 0.25
"""Of the branch in StarNet's blocks that multiplies two maps. An image of more contrast grows by its square there, and
again in the next block: at a full branch 2 of 16 images at 224 leave the range where float32 says anything."""


def images(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """(B, 3, H, W) float32 of one root mean square: a colour, and noise of all sizes, as photographs have.

    Noise of single pixels alone is averaged out by the pooling at the end: logits of two images then differ by 2 %.
    """
    batch, channels, height, width = shape
    total = torch.randn(batch, channels, 1, 1, generator=random) * COLOUR
    sizes = [2**power for power in range(1, max(height, width).bit_length() + 1)]
    for size in sizes:
        coarse = torch.randn(batch, channels, min(size, height), min(size, width), generator=random)
        total = total + functional.interpolate(coarse, (height, width), mode="bilinear") / len(sizes) ** 0.5
    return total / total.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()


def settle(model: nn.Module, random: torch.Generator) -> None:
    """Draws all parameters, and takes the statistics. The model is left in training."""
    draw(model, random)
    for module in model.modules():
        if type(module).__name__ == "Block" and hasattr(module, "g"):  # timm's StarNet has no public class of it
            module.get_parameter("g.bn.weight").mul_(CALM)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()(images(PROBE, random))
