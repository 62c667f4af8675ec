"""A detector as an ONNX file: to logits and offsets, or with its boxes decoded and suppressed inside.

from impls.detectors.exporting import export
export(detector("hadaptive_net_s", 80), "ssd.onnx", nms=True)
"""

from __future__ import annotations

import copy
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from impls.detectors import suppression_nodes
from impls.detectors.models import FIELDS, MOST
from impls.detectors.same_detections import check, samples
from impls.detectors.suppression_nodes import DETECTIONS, LOGITS, OFFSETS, anchor_table, nodes
from impls.exported.export import exported, write
from impls.exported.onnx_file import sign
from impls.hadaptive.detection.data.target import SIZE
from impls.hadaptive.detection.model.anchors import map_edges

if TYPE_CHECKING:
    from onnx import ModelProto

    from impls.hadaptive.detection.model.detector import Detector


NEAR = 1e-4
"""How far logits and offsets may be from PyTorch's, over the largest of each. A million of them come straight from
convolutions: on MobileNetV2 drawn at random the worst are 3e-5 from PyTorch's, and either as far from float64's.
"""


def export(detector: Detector, path: str | Path, size: int = SIZE, *, nms: bool = False) -> Path:
    """Writes a detector as a file with input `x` (batch, 3, size, size), from 0 to 1, and any batch.

    Outputs are `logits` (batch, A, classes) and `offsets` (batch, A, 4), or with `nms` one, `y` (batch, 100, 6): x1 y1
    x2 y2 in pixels, score and class, best first, then rows of zeros with class -1. Thresholds and counts are those of
    `impls.hadaptive.detection.model.postprocess`. Either is held against PyTorch before it is written.

    Returns the path; raises as `impls.exported.export.export`, and UsageError for a size that is no multiple of 64.
    """
    map_edges(size)
    plain = exported(detector, (1, 3, size, size), (LOGITS, OFFSETS), samples(size), NEAR)
    return write(with_boxes(plain, detector, size) if nms else plain, path)


def with_boxes(plain: ModelProto, detector: Detector, size: int) -> ModelProto:
    """A detector's model of logits and offsets as one of detections. Raises UsageError where it finds other ones."""
    whole = _suppressed(plain, detector.classes, size)
    whole.graph.initializer.append(anchor_table(size))
    check(whole, detector, size)
    del whole.graph.output[1:]
    sign(whole)
    return whole


def _suppressed(plain: ModelProto, classes: int, size: int) -> ModelProto:
    """The model with detections as its first output, before those it has."""
    from onnx import TensorProto, helper

    whole = copy.deepcopy(plain)
    whole.graph.node.extend(nodes(classes, size))
    batch = whole.graph.output[0].type.tensor_type.shape.dim[0].dim_param
    found = helper.make_tensor_value_info(DETECTIONS, TensorProto.FLOAT, [batch, MOST, FIELDS])
    outputs = [found, *whole.graph.output]
    del whole.graph.output[:]
    whole.graph.output.extend(outputs)
    return whole


@lru_cache(maxsize=1)
def nodes_key() -> str:
    """Of the code that writes post-processing, for the names of cached files."""
    return blake2b(Path(suppression_nodes.__file__).read_bytes(), digest_size=4).hexdigest()
