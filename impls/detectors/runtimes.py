"""The exported detector opened by a runtime: a file for each form of the output, of one export of the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from impls.detectors.building import build
from impls.detectors.exporting import export, nodes_key, with_boxes
from impls.detectors.models import MODELS
from impls.exported.cached import exported
from impls.exported.export import write
from impls.exported.onnx_file import read
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
    head, classes = str(axes["head"]), axes["classes"]
    detector, name = build(point.operator, head, classes), f"{point.operator}-{head}-{classes}"
    if not axes["nms"]:
        return opened_model(detector, name, point, inputs, kind, _scores)

    def boxes(_: nn.Module, path: Path, shape: tuple[int, ...]) -> Path:
        """From the file of scores and offsets, so that the network is exported once."""
        return write(with_boxes(read(exported(detector, name, shape, _scores)), detector, shape[-1]), path)

    return opened_model(detector, f"{name}-nms-{nodes_key()}", point, inputs, kind, boxes)


def _scores(detector: nn.Module, path: Path, shape: tuple[int, ...]) -> Path:
    return export(cast("Detector", detector), path, shape[-1])
