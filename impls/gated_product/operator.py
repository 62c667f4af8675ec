"""y = f(gate) * value, of two tensors or of the halves of one: SwiGLU, GEGLU, GLU, ReGLU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.tolerances import accumulated
from impls.gated_product.forms import FORMS, definition, halves
from impls.seeded import away_from_zero, generator_for, itemsize
from opbench import Axes, Axis, Operator, Work
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point


def inputs(point: Point) -> Inputs:
    """gate, value (tokens, width), or packed (tokens, 2 * width) with the gate first; in mode `backward` before them
    grad (tokens, width).
    """
    tokens, width, random = point.axes["tokens"], point.axes["width"], generator_for(point)
    if point.axes["packed"]:
        tensors = {"packed": away_from_zero((tokens, 2 * width), point, random)}
    else:
        tensors = {name: away_from_zero((tokens, width), point, random) for name in ("gate", "value")}
    if point.mode == "backward":
        tensors = {"grad": away_from_zero((tokens, width), point, random)} | tensors
    return tensors


def reference(point: Point, inputs: Inputs) -> Tensor:
    """By the formulas in float64; the gradient of the first input by autograd of the same."""
    tensors = {name: tensor.double() for name, tensor in inputs.items()}
    if point.mode != "backward":
        return _of_inputs(tensors, point.axes["form"])
    grad = tensors.pop("grad")
    first = next(iter(tensors.values())).clone().requires_grad_()
    name = next(iter(tensors))
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(_of_inputs({**tensors, name: first}, point.axes["form"]), first, grad)
    return gradient


def _of_inputs(tensors: Mapping[str, Tensor], form: str) -> Tensor:
    gate, value = halves(tensors["packed"]) if "packed" in tensors else (tensors["gate"], tensors["value"])
    return definition(gate, value, form)


def work(point: Point) -> Work:
    """A product and one elementwise operation (f) an element; both inputs read once, the output written once.

    ReLU compares, which is no arithmetic. Backward: f and its slope, and three products an element: grad * f(gate),
    grad * value, and that with the slope.
    """
    count = point.axes["tokens"] * point.axes["width"]
    size, steps = count * itemsize(point), 0 if point.axes["form"] == "relu" else count
    if point.mode == "backward":
        return Work(0, 3 * count, 2 * steps, 3 * size, 2 * size)
    return Work(0, count, steps, 2 * size, size)


def eager(point: Point) -> Callable[..., Tensor]:
    """From the operator's inputs, without `grad`."""
    activation, packed = FORMS[point.axes["form"]], point.axes["packed"]

    def function(*tensors: Tensor) -> Tensor:
        gate, value = halves(*tensors) if packed else tensors
        return activation(gate) * value

    return function


def sizes(axes: Axes) -> Mapping[str, int]:
    """Raises UsageError for a `packed` that is neither 0 nor 1."""
    if axes["packed"] not in {0, 1}:
        raise UsageError(f"packed is {axes['packed']}; expected 0 (two tensors) or 1 (halves of one)")
    return {"elements": axes["tokens"] * axes["width"]}


OPERATOR = Operator(
    name="gated_product",
    about="f(gate) * value: SwiGLU, GEGLU, GLU, ReGLU",
    axes=(
        Axis("tokens", "rows", default=512, minimum=0),
        Axis("width", "elements of a row of gate, value and output", default=2752, minimum=0),
        Axis("form", "f", default="silu", choices=tuple(FORMS)),
        Axis("packed", "1: gate and value are halves of one tensor", default=0, minimum=0),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances=accumulated(),
    backward_tolerances=accumulated(),
    check_points=(
        *({"tokens": 5, "width": 67, "form": form, "packed": packed} for form in FORMS for packed in (0, 1)),
        {"tokens": 1, "width": 1, "form": "silu", "packed": 0},
        {"tokens": 3, "width": 1, "form": "gelu", "packed": 1},
        {"tokens": 13, "width": 1031, "form": "silu", "packed": 1},
        {"tokens": 0, "width": 7, "form": "silu", "packed": 0},
        {"tokens": 7, "width": 0, "form": "gelu", "packed": 1},
    ),
    sizes=sizes,
    modes=frozenset({"forward", "out", "backward"}),
)
