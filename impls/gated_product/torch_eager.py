"""functional.silu(gate) * value, as models write it: f is written to memory and read again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.gated_product.forms import FORMS, halves
from impls.gated_product.operator import eager
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: Tensor | None, _: str) -> Launch:
    if point.mode == "backward":
        return gradient_of(point, inputs)
    if out is None:
        return partial(eager(point), *inputs.values())
    activation = FORMS[point.axes["form"]]
    gate, value = halves(inputs["packed"]) if point.axes["packed"] else (inputs["gate"], inputs["value"])
    return lambda: torch.mul(activation(gate), value, out=out)


def gradient_of(point: Point, inputs: Inputs) -> Launch:
    """Autograd's, of all inputs at once; the launch returns that of the first. The graph is made at every call's start,
    since it keeps what it read.
    """
    function, (grad, *values) = eager(point), inputs.values()

    def launch() -> Tensor:
        leaves = [value.detach().requires_grad_() for value in values]
        with torch.enable_grad():
            return torch.autograd.grad(function(*leaves), leaves, grad)[0]

    return launch


BACKEND = Backend(
    about="torch.nn.functional, one step after the other",
    prepare=prepare,
    kind="framework",
    modes=frozenset({"forward", "out", "backward"}),
    rank=60,
    look=("#000000", "s"),
)
