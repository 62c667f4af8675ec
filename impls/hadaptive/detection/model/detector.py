"""SSD on a backbone: images in, scores and offsets of every anchor out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impls.hadaptive.detection.model.features import Features, features
from impls.hadaptive.detection.model.heads import head as head_of
from impls.hadaptive.images.pictures import DEVIATION, MEAN
from opbench.errors import UsageError


class Detector(nn.Module):
    """(B, 3, S, S) float, 0 to 1, to logits (B, A, classes) and offsets (B, A, 4); S a multiple of 64, such as 320.

    Images are normalised in here, by ImageNet's mean and deviation. A class's score is the sigmoid of its logit; there
    is none of the background. Offsets are coded as `coding` says, anchors in the order of `anchors.anchors`. Raises
    ValueError for images of other channels, of another rank, or of integers.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, maps: Features, head: nn.Module, classes: int) -> None:
        super().__init__()
        self.features, self.head, self.classes = maps, head, classes
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if images.dim() != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(
                f"images of shape {tuple(images.shape)} and {images.dtype}; "
                "a detector takes (B, 3, S, S), float, 0 to 1"
            )
        found = self.head(self.features((images - self.mean) / self.deviation))
        return found["cls_logits"], found["bbox_regression"]


def detector(backbone: str, classes: int, *, head: str = "dense") -> Detector:
    """A detector with a backbone of `features.BACKBONES` and a head of `heads.HEADS`, weights drawn.

    Raises UsageError for other names and for fewer than one class, MachineError without torchvision or timm.
    """
    if classes < 1:
        raise UsageError(f"{classes} classes; expected at least 1")
    maps = features(backbone)
    return Detector(maps, head_of(head, maps.channels, classes), classes)
