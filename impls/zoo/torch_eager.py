"""The models in PyTorch's eager operators, as their libraries have them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.resident import loaded
from impls.threads import use_threads
from impls.zoo.building import build
from impls.zoo.definition import module_for
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Its `load_s` is the time to copy the module; drawing its weights came before."""
    use_threads(point.axes)
    build(point.operator)
    x = inputs["x"]
    model, figures = loaded(lambda: module_for(point), lambda module: module(x), point.device)
    return Figured(partial(model, x), figures)


BACKEND = Backend(about="PyTorch's eager operators", prepare=prepare, kind="framework")
