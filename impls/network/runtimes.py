"""The exported network opened by a runtime, from the network's inputs, which are its weights too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.fused import file
from impls.exported.runtime_backend import opened_model
from impls.network.launches import network_of

if TYPE_CHECKING:
    from impls.exported.runtime_backend import Opened
    from opbench import Inputs, Point


def prepare_with(point: Point, inputs: Inputs, schedule: str, kind: str) -> Opened:
    """schedule: of the products, "" for ACH as one operator."""
    backend = f"cpp_ext:{schedule}" if schedule else "auto"
    name = f"{point.operator}:{schedule}" if schedule else point.operator
    return opened_model(network_of(point, inputs, backend), name, point, inputs, kind)


def prepare_one_node(point: Point, inputs: Inputs, _: str, kind: str) -> Opened:
    """The network as one node, whose weights are packed when the session opens."""
    network = network_of(point, inputs, "auto")
    return opened_model(network, f"{point.operator}-fused-{file.code_key()}", point, inputs, kind, file.export)
