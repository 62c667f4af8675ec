"""PyTorch's own operators, one after the other: what was expanded is written and read again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.threads import use_threads
from opbench import Backend, catalog

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    use_threads(point.axes)
    return partial(catalog.operator(point.operator).eager(point), *inputs.values())


BACKEND = Backend(
    about="PyTorch's own operators, one after the other",
    prepare=prepare,
    kind="framework",
    rank=60,
    look=("#000000", "s"),
)
