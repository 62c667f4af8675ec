"""The eager steps through torch.compile: one loop, each element read once and written once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.compiled import compiled, preparing, why_not
from impls.gated_product.forms import FORMS, halves
from impls.gated_product.operator import eager
from opbench import Backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: Tensor | None, _: str) -> Launch:
    values = tuple(inputs.values())
    if point.mode == "backward":
        function = compiled(_gradient(point), *values)
        return lambda: function(*values)[0]
    if out is not None:
        into = compiled(_into(point), *values, out)
        return partial(into, *values, out)
    return partial(compiled(eager(point), *values), *values)


def _into(point: Point) -> Callable[..., Tensor]:
    activation, packed = FORMS[point.axes["form"]], point.axes["packed"]

    def function(*tensors: Tensor) -> Tensor:
        gate, value = halves(tensors[0]) if packed else (tensors[0], tensors[1])
        out = tensors[-1]
        return out.copy_(activation(gate) * value)

    return function


def _gradient(point: Point) -> Callable[..., tuple[Tensor, ...]]:
    """All inputs' gradients as one graph, by functorch: a graph that is compiled cannot call autograd."""
    definition = eager(point)

    def function(grad: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        pullback = torch.func.vjp(definition, *values)[1]
        found: tuple[Tensor, ...] = pullback(grad)
        return found

    return function


BACKEND = Backend(
    about="torch.compile of the eager steps, static shapes",
    prepare=prepare,
    kind="compiler",
    modes=frozenset({"forward", "out", "backward"}),
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
