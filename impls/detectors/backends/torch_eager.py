"""The detectors in PyTorch's eager operators, ACH among them; post-processing as `postprocess.detections` has it."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING

from impls.detectors.building import build
from impls.detectors.outputs import Finding, Raw
from impls.resident import loaded
from impls.threads import use_threads
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor, nn

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Its `load_s` is the time to copy the module; drawing its weights came before."""
    use_threads(point.axes)
    build(point.operator, str(point.axes["head"]), point.axes["classes"])
    x = inputs["x"]
    model, figures = loaded(lambda: module_for(point), lambda module: module(x), point.device)
    return Figured(partial(model, x), figures)


def module_for(point: Point) -> nn.Module:
    """A copy of the point's detector on its device, with the output that the point asks for."""
    axes = point.axes
    detector = copy.deepcopy(build(point.operator, str(axes["head"]), axes["classes"]))
    return (Finding(detector, axes["edge"]) if axes["nms"] else Raw(detector)).to(point.device)


BACKEND = Backend(
    about="PyTorch's eager operators",
    prepare=prepare,
    kind="framework",
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32"}),
)
