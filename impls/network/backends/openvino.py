"""OpenVINO on the exported network, its ACH written out in standard nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.openvino.backend import backend_of
from impls.network.launches import network_of

if TYPE_CHECKING:
    from torch import nn

    from opbench import Inputs, Point


def model_of(point: Point, inputs: Inputs) -> nn.Module:
    return network_of(point, inputs, "auto")


BACKEND = backend_of(model_of, look=("#332288", "h"))
