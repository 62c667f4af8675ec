"""In PyTorch's own operators, one after the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.ach_select_expand.operator import eager
from impls.threads import use_threads
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    use_threads(point.axes)
    launch = partial(eager(point), **inputs)
    launch()
    return launch


BACKEND = Backend(about="PyTorch's own operators", prepare=prepare, kind="framework")
