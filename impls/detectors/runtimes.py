"""The exported detector opened by a runtime: one file for both forms of the output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from impls.detectors.building import build
from impls.detectors.exporting import export, nodes_key
from impls.detectors.models import MODELS
from impls.exported.runtime_backend import opened_model
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

    from impls.exported.runtime_backend import Opened
    from impls.hadaptive.detection.model.detector import Detector
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    """Raises UsageError where our library is asked for and the detector has none of our operators inside."""
    del schedule
    axes, model = point.axes, MODELS[point.operator]
    if kind == "custom" and not model.selects:
        raise UsageError(f"{point.operator} has no operator of ours inside; ort_stock runs the same file")
    nms, head = bool(axes["nms"]), str(axes["head"])

    def make(detector: nn.Module, path: Path, shape: tuple[int, ...]) -> Path:
        return export(cast("Detector", detector), path, shape[-1], nms=nms)

    name = f"{point.operator}-{head}-{axes['classes']}" + (f"-nms-{nodes_key()}" if nms else "")
    return opened_model(build(point.operator, head, axes["classes"]), name, point, inputs, kind, make)
