"""What the detectors are as operators: an image to scores and offsets, or with `nms` to detections; forward, in eval.

Without `nms` the output is flat: all logits (batch, anchors, classes), then all offsets (batch, anchors, 4). With it
the output is (batch, 100, 6): x1 y1 x2 y2 in pixels, score, class, best first, as
`impls.hadaptive.detection.model.postprocess` finds them, and behind the last one rows of zeros with class -1.

The weights are no inputs: runtimes that read a model from a file hold their own. They follow from the backbone's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.detectors.drawing import images
from impls.detectors.models import CLASSES, Model, anchor_count
from impls.detectors.reference import reference
from impls.detectors.work import counted_part, work
from impls.hadaptive.detection.model.heads import HEADS
from impls.seeded import dtype_of
from impls.threads import THREADS
from opbench import Axes, Axis, Operator, Tolerance

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Point

IMAGE_SEED = 3
"""Of all detectors' images alike, whatever is made of them. The first of 0, 1, 2, ... whose image of 320x320 leaves
every detector's boxes decided, as it is and halved."""

TOLERANCES = {"float32": Tolerance(rtol=2048 * 2**-24, atol=2048 * 2**-24)}
"""Worst |got - want| / (rms + |want|) in units of 2^-24: of scores and offsets 54 on Hadaptive-Nets and 380 on
MobileNetV2 at 320x320, 65 at the check points; of boxes 740, on MobileNetV2 in ONNX Runtime. Only in float32:
post-processing computes in it whatever it is given.
"""


def inputs(point: Point) -> Inputs:
    """x (batch, 3, edge, edge), seeded, from 0 to 1; on `meta` only its shape.

    Raises UsageError for an edge that is no multiple of 64.
    """
    batch, edge = point.axes["batch"], point.axes["edge"]
    anchor_count(edge)
    shape, dtype = (batch, 3, edge, edge), dtype_of(point)
    if point.device == "meta":
        return {"x": torch.empty(shape, dtype=dtype, device="meta")}
    return {"x": images(shape, torch.Generator().manual_seed(IMAGE_SEED)).to(device=point.device, dtype=dtype)}


def eager(point: Point) -> Callable[..., Tensor]:
    """What is counted, as a module: of post-processing the part that no data decides, see `work`."""
    return counted_part(point)


def _sizes(model: Model, axes: Axes) -> Mapping[str, int]:
    return {
        "anchors": anchor_count(axes["edge"]),
        "parameters": model.parameters(str(axes["head"]), axes["classes"]),
    }


def operator_of(model: Model) -> Operator:
    """The operator; cheap, and without the backbone's library."""
    return Operator(
        name=model.name,
        about=f"SSD on {model.label}: an image to scores and offsets of its anchors, or to detections",
        axes=(
            Axis("batch", "images", default=1),
            Axis("edge", "height and width of the image, a multiple of 64", default=320, minimum=64),
            Axis("classes", "classes, background not among them", default=CLASSES),
            Axis("head", "3x3 convolutions, or depthwise ones as SSDLite's", default="dense", choices=HEADS),
            Axis("nms", "whether boxes are decoded and suppressed as well", default=False),
            THREADS,
        ),
        inputs=inputs,
        reference=reference,
        work=work,
        eager=eager,
        tolerances=TOLERANCES,
        check_points=(
            {"batch": 2, "edge": 64, "classes": 3},
            {"batch": 1, "edge": 128, "classes": 7, "head": "lite", "threads": 1},
            {"batch": 2, "edge": 64, "classes": 11, "nms": True},
            {"batch": 1, "edge": 128, "classes": 4, "head": "lite", "nms": True, "threads": 1},
        ),
        sizes=partial(_sizes, model),
    )
