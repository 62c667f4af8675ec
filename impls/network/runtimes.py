"""The exported network opened by a runtime, from the network's inputs, which are its weights too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.fused import file as fused
from impls.exported.runtime_backend import opened_model
from impls.network.launches import network_of

if TYPE_CHECKING:
    from impls.exported.runtime_backend import Opened
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    """schedule: of the products, "" for what is quickest: ACH as one operator, with our library the whole network.

    In float16 the network has no single node.
    """
    if kind == "custom" and not schedule and point.dtype == "float32":
        name = f"{point.operator}-fused-{fused.code_key()}"
        return opened_model(network_of(point, inputs, "auto"), name, point, inputs, kind, fused.export)
    backend = f"cpp_ext:{schedule}" if schedule else "auto"
    name = f"{point.operator}:{schedule}" if schedule else point.operator
    return opened_model(network_of(point, inputs, backend), name, point, inputs, kind)
