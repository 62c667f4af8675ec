"""The models as ONNX files in OpenVINO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.openvino.backend import backend_of
from impls.zoo.building import build
from impls.zoo.definition import module_for

if TYPE_CHECKING:
    from torch import nn

    from opbench import Inputs, Point


def model_of(point: Point, inputs: Inputs) -> nn.Module:
    del inputs
    build(point.operator)
    return module_for(point)


BACKEND = backend_of(model_of, look=("#332288", "h"))
