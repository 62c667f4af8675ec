"""The detectors in float64: the network by its own modules, ACH in PyTorch's operators, post-processing spelled out.

Where rounding decides, float64 and float32 may differ and both be right. So a point is refused where two channel scores
of a selection lie too close, and where a detection would come, go or change its rank with a change of that size.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.detectors.building import build
from impls.detectors.float64_detections import expected
from impls.detectors.outputs import flat
from impls.hadaptive.detection.model.anchors import anchors
from impls.network.eager_ach import write_out
from impls.network.reference import NEAR, gap
from impls.network.variants import expansions
from impls.threads import one_thread
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.detection.model.detector import Detector
    from opbench import Inputs, Point


@torch.no_grad()
def reference(point: Point, inputs: Inputs) -> Tensor:
    """The flat output or the detections, as `definition` has them, in float64.

    Raises UsageError where rounding decides a selection of channels or, with `nms`, a detection.
    """
    x, axes = inputs["x"], point.axes
    detector = copy.deepcopy(build(point.operator, str(axes["head"]), axes["classes"])).to(x.device, torch.float64)
    _watch_ties(detector, point)
    with one_thread():
        logits, offsets = detector(x.double())
    if not axes["nms"]:
        return flat(logits, offsets)
    boxes = anchors(axes["edge"]).to(x.device, torch.float64)
    return torch.stack([expected(one, of_one, boxes, point) for one, of_one in zip(logits, offsets, strict=True)])


def _watch_ties(detector: Detector, point: Point) -> None:
    """Has every ACH written out, and its scores looked at."""
    chosen = {name: ach.k for name, ach in expansions(detector).items()}
    write_out(detector)
    for name, k in chosen.items():
        scores = detector.get_submodule(f"{name}.select.scores")
        scores.register_forward_hook(partial(_refuse_ties, name=name, k=k, point=point))


def _refuse_ties(_: nn.Module, __: object, scores: Tensor, name: str, k: int, point: Point) -> None:
    nearest = gap(scores, k)
    if nearest < NEAR[point.dtype]:
        raise UsageError(
            f"{point}: two channel scores of {name} lie {nearest:.1g} apart, and {point.dtype} may select another "
            "channel than float64; ask for another batch or edge"
        )
