"""torchvision.ops.nms, its own kernel; with several classes a call for each, as its `batched_nms` does on many boxes.

On few boxes `batched_nms` moves each class to a place of its own and calls once: that rounds corners, and other boxes
survive where an overlap is next to the threshold. Every class by itself keeps the same boxes as everybody else.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import torch

from impls.boxes.nms.greedy import padded
from impls.boxes.order import by_score
from impls.installed import why_not_installed
from impls.libraries import library
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    threshold, kernel = point.axes["threshold"], library("torchvision.ops").nms
    if point.axes["classes"] == 1:
        return partial(one_class, kernel, threshold, **inputs)
    return partial(by_class, kernel, threshold, **inputs)


def one_class(kernel: Any, threshold: float, scores: Tensor, boxes: Tensor, classes: Tensor) -> Tensor:
    """As if all boxes were of one class."""
    return padded(kernel(boxes, scores, threshold), len(classes))


def by_class(kernel: Any, threshold: float, scores: Tensor, boxes: Tensor, classes: Tensor) -> Tensor:
    """A call for each class that there is."""
    kept = torch.zeros_like(classes, dtype=torch.bool)
    for one in torch.unique(classes):
        mine = torch.nonzero(classes == one).squeeze(1)
        kept[mine[kernel(boxes[mine], scores[mine], threshold)]] = True
    order = by_score(scores)
    return padded(order[kept[order]], len(scores))


@lru_cache(maxsize=2)
def unavailable(device: str) -> str | None:
    """Why there is no such kernel, or None. Only importing torchvision shows it, which takes a second, once a process:
    a build for another PyTorch imports (`impls.torchvision_import`) and has none.
    """
    if reason := why_not_installed("torchvision", "torchvision"):
        return reason
    library("torchvision.ops")
    if torch._C._dispatch_has_kernel_for_dispatch_key("torchvision::nms", device.upper()):  # noqa: SLF001  # no public name
        return None
    return (
        f"this torchvision has no kernels for {device} beside PyTorch {torch.__version__}; install the torchvision of "
        "that build (pytorch.org)"
    )


BACKEND = Backend(
    about="torchvision's own kernel, a call for each class",
    prepare=prepare,
    dtypes=frozenset({"float32", "float64"}),
    kind="framework",
    rank=30,
    look=("#009E73", "P"),
    unavailable=unavailable,
)
