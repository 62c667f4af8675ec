"""Detectors measured end to end: which records they are, what the paper calls them, and both forms side by side.

A record of one has the sizes `parameters` and `anchors`, and an axis `nms`: whether boxes are decoded and suppressed
within the time.
"""

from __future__ import annotations

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record

DETECTORS = "detectors"
"""What all of them together are called where each operator has a name."""

_BACKBONES = {
    "ssd_mobilenetv3_small_100": "MobileNetV3-S",
    "ssd_mobilenetv2_100": "MobileNetV2-1.0",
    "ssd_hadaptive_s": "Hadaptive-Net-S",
    "ssd_hadaptive_m": "Hadaptive-Net-M",
    "ssd_hadaptive_l": "Hadaptive-Net-L",
}


def is_detector(record: Record) -> bool:
    """Whether the record is of a detector."""
    return {"parameters", "anchors"} <= record.sizes.keys()


def backbone(operator: str) -> str:
    """Give the paper's name of a detector's backbone, or the operator's own where the paper has none."""
    return _BACKBONES.get(operator, operator)


def place_in_paper(operator: str) -> int:
    """Order detectors as the paper's Table 6 does, others after them."""
    order = list(_BACKBONES)
    return order.index(operator) if operator in order else len(order)


def share_behind(network: Interval, whole: Interval) -> Interval:
    """Give the share of `whole` that is not `network`'s: what post-processing takes. Below 0 where it took less."""
    left = network.over(whole)
    return Interval(1 - left.high, 1 - left.mid, 1 - left.low)
