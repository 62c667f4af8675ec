"""The definition through torch.compile: matrix products as they are, what stands between them as loops."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.compiled import compiled, preparing, why_not
from impls.polynomial.pi_net.definition import function_of
from impls.polynomial.pi_net.operator import recursion_of
from opbench import Backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    values = tuple(inputs.values())
    if point.mode == "backward":
        gradients = compiled(_gradients(point), *values)
        return lambda: gradients(*values)[0]
    definition = function_of(recursion_of(point.axes))

    def function(*tensors: Tensor) -> Tensor:
        return definition(*tensors)

    return partial(compiled(function, *values), *values)


def _gradients(point: Point) -> Callable[..., tuple[Tensor, ...]]:
    """All inputs' gradients as one graph, by functorch: a graph that is compiled cannot call autograd."""
    definition = function_of(recursion_of(point.axes))

    def function(grad: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        pullback = torch.func.vjp(definition, *values)[1]
        found: tuple[Tensor, ...] = pullback(grad)
        return found

    return function


BACKEND = Backend(
    about="torch.compile of the definition, static shapes",
    prepare=prepare,
    kind="compiler",
    modes=frozenset({"forward", "backward"}),
    rank=40,
    look=("#E69F00", "^"),
    unavailable=why_not,
    preparing=preparing,
)
