"""PyTorch's steps one after the other: one matrix product for all projections, then a handful of calls a degree."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.polynomial.pi_net.definition import function_of
from impls.polynomial.pi_net.operator import recursion_of
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    if point.mode == "backward":
        return gradient_of(point, inputs)
    return partial(function_of(recursion_of(point.axes)), *inputs.values())


def gradient_of(point: Point, inputs: Inputs) -> Launch:
    """Autograd's, of all inputs at once; the launch returns that of z. The graph is made at every call's start, since
    it keeps what it read. Of degree 1 the recursion reads no s, whose gradient is as empty as s is.
    """
    function, (grad, *values) = function_of(recursion_of(point.axes)), inputs.values()

    def launch() -> Tensor:
        leaves = [value.detach().requires_grad_() for value in values]
        with torch.enable_grad():
            return torch.autograd.grad(function(*leaves), leaves, grad, materialize_grads=True)[0]

    return launch


BACKEND = Backend(
    about="the definition, one step after the other",
    prepare=prepare,
    kind="framework",
    modes=frozenset({"forward", "backward"}),
    rank=60,
    look=("#000000", "s"),
)
