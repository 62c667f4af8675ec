"""Non-maximum suppression by class: in PyTorch alone, or by our C++ kernel on a CPU that can build it.

All ways keep the same boxes (`impls.boxes`). torchvision's operators are bound to one build of PyTorch
(`impls.torchvision_import`); beside a CPU build of the same version they are declared and have no kernel.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

from impls.boxes import functional
from impls.boxes.nms import torchvision_nms
from impls.boxes.nms.greedy import block_by_block
from impls.libraries import library
from opbench.cli.plain import plain
from opbench.errors import MachineError

Suppress: TypeAlias = Callable[[Tensor, Tensor, float], Tensor]
"""(boxes, labels, overlap) to positions that stay, (k,) int64, ascending: of boxes of one class that overlap by more
than `overlap`, the first. boxes: (n, 4) x1 y1 x2 y2, float32 or float64, best first, so that of equal scores the
earlier one stays. labels: (n,) int64.
"""


def suppress(boxes: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """`Suppress` by our kernel where it is there, else as `suppress_by_pytorch`.

    With it the detections of 12,804 anchors in 80 classes take 2.6 to 3.3 ms of a processor, in PyTorch alone 8.9 to
    9.4 (three detectors of random weights, one thread of an EPYC 9004).
    """
    if len(boxes) and boxes.device.type == "cpu" and kernel_is_built():
        return functional.nms(boxes, boxes.new_zeros(len(boxes)), overlap, labels)  # equal scores go by position
    return suppress_by_pytorch(boxes, labels, overlap)


def suppress_by_pytorch(boxes: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """`Suppress` by torchvision's kernel, a call for each class, where it has one for the device; else by blocks."""
    count = len(boxes)
    if count and torchvision_nms.unavailable(boxes.device.type) is None:
        ranks = torch.arange(count, 0, -1, device=boxes.device, dtype=boxes.dtype)
        found = torchvision_nms.by_class(library("torchvision.ops").nms, overlap, ranks, boxes, labels)
        return found[found >= 0]
    return block_by_block(boxes, labels, torch.arange(count, device=boxes.device), overlap)


@lru_cache(maxsize=1)
def kernel_is_built() -> bool:
    """Whether our kernel is there, built now where it was not, once for a machine.

    A compiler that cannot compile costs a line on standard error, and PyTorch's way is taken for the whole process.
    """
    if functional.unavailable("cpu") is not None:
        return False
    try:
        functional.operators()
    except MachineError as exc:
        print(plain(f"boxes are suppressed in PyTorch, without our kernel: {exc}"), file=sys.stderr)
        return False
    return True
