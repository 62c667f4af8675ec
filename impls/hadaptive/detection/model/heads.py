"""What turns five maps into scores and offsets: SSD's dense 3x3 convolutions, or SSDLite's depthwise ones.

The paper names SSD and gives neither parameters nor MACs, so both are here. They are torchvision's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from impls.hadaptive.detection.model.anchors import PER_PLACE
from impls.libraries import library
from opbench.errors import unknown

HEADS = ("dense", "lite")
PRIOR = 0.01
"""What every class scores at first (RetinaNet, arXiv 1708.02002, section 4.1): from one half, the many anchors of the
background would make up all of the focal loss of the first steps."""

DENSE_DEVIATION = 0.01
"""Of the weights of the dense head, as RetinaNet's. torchvision's SSD draws them by Xavier's rule, which is made for a
softmax; on the maps of Hadaptive-Net-S, which are not normalised, the losses of a first batch are then 22.2 and 9.9,
and with these 1.1 and 3.4."""


def head(kind: str, channels: Sequence[int], classes: int) -> nn.Module:
    """Maps to a dict: `cls_logits` (B, A, classes), no background among them, and `bbox_regression` (B, A, 4).

    Anchors are in the order of `anchors`. Raises UsageError for another kind, MachineError without torchvision.
    """
    if kind not in HEADS:
        raise unknown("head", kind, HEADS, "of the detector")
    detection = library("torchvision.models.detection")
    places, given = [PER_PLACE] * len(channels), list(channels)
    made: Any
    if kind == "dense":
        made = detection.ssd.SSDHead(given, places, classes)
        for module in made.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=DENSE_DEVIATION)
    else:
        made = detection.ssdlite.SSDLiteHead(given, places, classes, nn.BatchNorm2d)
    for module in made.classification_head.modules():
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.constant_(module.bias, -math.log((1 - PRIOR) / PRIOR))
    heads: nn.Module = made
    return heads
