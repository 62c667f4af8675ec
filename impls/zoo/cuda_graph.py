"""The models captured as one CUDA graph and replayed: what is left when the host costs nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.network.backends.cuda_graph import captured
from impls.resident import loaded
from impls.threads import use_threads
from impls.zoo.building import build
from impls.zoo.definition import module_for
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Its `load_s` is the time to copy the module and capture it."""
    use_threads(point.axes)
    build(point.operator)
    x = inputs["x"]
    replay, figures = loaded(lambda: captured(partial(module_for(point), x)), lambda launch: launch(), point.device)
    return Figured(replay, figures)


BACKEND = Backend(
    about="the whole model replayed as one CUDA graph", prepare=prepare, kind="framework", devices=frozenset({"cuda"})
)
