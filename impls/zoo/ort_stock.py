"""The models as ONNX files in ONNX Runtime. They hold no operators of ours, so there is nothing to register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.runtime_backend import backend_of, opened_model
from impls.zoo.building import build
from impls.zoo.definition import module_for

if TYPE_CHECKING:
    from impls.exported.runtime_backend import Opened
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    del schedule
    build(point.operator)
    return opened_model(module_for(point), point.operator, point, inputs, kind)


BACKEND = backend_of("stock", prepare_with, look=("#000000", "s"))
