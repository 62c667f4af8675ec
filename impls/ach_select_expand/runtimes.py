"""The operator's file opened by a runtime, from the operator's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.ach_select_expand.files import single
from impls.ach_select_expand.operator import norm_of
from impls.exported.runtime_backend import Opened, opened

if TYPE_CHECKING:
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    del schedule
    parameters = {name: value for name, value in inputs.items() if name != "x"}
    shape, k = tuple(inputs["x"].shape), point.axes["selected"]
    model = single(shape, k, norm_of(point.axes), parameters, point.dtype)
    return opened(model.SerializeToString(), f"the file of {point}", point, kind)
