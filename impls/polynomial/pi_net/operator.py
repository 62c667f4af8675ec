"""Pi-Net as an operator: (batch, features) to (batch, classes), a polynomial of `degree`, in NCP or CCP form.

Defaults are the survey's of images of 28 x 28 in one channel (arXiv 2504.13112): degree 4, hidden size 16, 10 classes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.tolerances import HALF_UNIT
from impls.expansion.values import Shapes, materialise, normal
from impls.polynomial.pi_net.definition import EPSILON, FORMS, Recursion, function_of, written_out
from impls.polynomial.pi_net.work import work
from impls.seeded import away_from_zero, generator_for
from opbench import Axes, Axis, Operator, Tolerance
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point
    from opbench.vocabulary.case import AxisValue

STEPS = {"float32": 512, "float64": 512, "float16": 48, "bfloat16": 48}
"""Tolerances in half units of the dtype, relative to the output's root mean square. Products of many degrees have a few
values far larger than the rest, whose rounding all outputs of their sample carry: PyTorch's steps and ours were 152 off
at most, at degree 16 with the survey's sizes, backward; in the 16-bit types 28.
"""

TOLERANCES = {dtype: Tolerance(STEPS[dtype] * unit, STEPS[dtype] * unit) for dtype, unit in HALF_UNIT.items()}


def recursion_of(axes: Axes) -> Recursion:
    return Recursion(axes["form"], bool(axes["skip"]), bool(axes["norm"]))


def shapes_of(axes: Axes) -> Shapes:
    """Of the form's inputs, in order."""
    degree, hidden, features, classes = (axes[name] for name in ("degree", "hidden", "features", "classes"))
    every: Shapes = {
        "z": (axes["batch"], features),
        "a": (degree, hidden, features),
        "s": (degree - 1, hidden, hidden),
        "b": (degree, hidden),
        "c": (classes, hidden),
        "beta": (classes,),
    }
    return {name: every[name] for name in FORMS[axes["form"]]}


def inputs(point: Point) -> Inputs:
    """z (batch, features), normal; a (degree, hidden, features), c (classes, hidden) and NCP's s (degree - 1, hidden,
    hidden), normal over the square root of their last axis; NCP's b (degree, hidden) and beta (classes), normal.
    In mode `backward` before them grad (batch, classes).
    """
    shapes = shapes_of(point.axes)

    def draw(random: torch.Generator) -> dict[str, Tensor]:
        scales = {name: 1 / math.sqrt(shape[-1]) if name in {"a", "s", "c"} else 1.0 for name, shape in shapes.items()}
        return {name: normal(shape, random, scales[name]) for name, shape in shapes.items()}

    tensors = materialise(point, shapes, draw)
    if point.mode == "backward":
        grad = away_from_zero((point.axes["batch"], point.axes["classes"]), point, generator_for(point))
        tensors = {"grad": grad} | tensors
    return tensors


def reference(point: Point, inputs: Inputs) -> Tensor:
    """Degree by degree in float64, by sums over indices; the gradient of z by autograd of the same."""
    tensors = {name: tensor.double() for name, tensor in inputs.items()}
    if point.mode != "backward":
        return _by_sums(tensors, point.axes)
    grad, z = tensors.pop("grad"), tensors.pop("z").clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(_by_sums({"z": z, **tensors}, point.axes), z, grad)
    return gradient


def _by_sums(tensors: Mapping[str, Tensor], axes: Axes) -> Tensor:
    ncp = axes["form"] == "ncp"
    x = torch.einsum("bf,hf->bh", tensors["z"], tensors["a"][0])
    if ncp:
        x = torch.einsum("bh,h->bh", x, tensors["b"][0])
    for n in range(1, axes["degree"]):
        factor = torch.einsum("bf,hf->bh", tensors["z"], tensors["a"][n])
        inner = torch.einsum("bi,hi->bh", x, tensors["s"][n - 1]) + tensors["b"][n] if ncp else x
        product = torch.einsum("bh,bh->bh", factor, inner)
        x = product + x if axes["skip"] else product
        if axes["norm"]:
            mean = x.sum(1, keepdim=True) / axes["hidden"]
            variance = ((x - mean) ** 2).sum(1, keepdim=True) / axes["hidden"]
            x = (x - mean) / torch.sqrt(variance + EPSILON)
    return torch.einsum("bh,ch->bc", x, tensors["c"]) + tensors["beta"]


def eager(point: Point) -> Callable[..., Tensor]:
    """From the operator's inputs, without `grad`; LayerNorm step by step."""
    return function_of(recursion_of(point.axes), written_out)


def sizes(axes: Axes) -> Mapping[str, int]:
    """Parameters of the network. Raises UsageError for a `skip` or `norm` that is neither 0 nor 1."""
    for name in ("skip", "norm"):
        if axes[name] not in {0, 1}:
            raise UsageError(f"{name} is {axes[name]}; expected 0 (without) or 1 (with)")
    shapes = shapes_of(axes)
    return {"parameters": sum(math.prod(shape) for name, shape in shapes.items() if name != "z")}


_ODD: dict[str, AxisValue] = {"batch": 5, "features": 37, "hidden": 7, "degree": 3, "classes": 3}

OPERATOR = Operator(
    name="pi_net",
    about="Pi-Net: a polynomial by Hadamard products of projections",
    axes=(
        Axis("batch", "samples", default=256, minimum=0),
        Axis("features", "of a sample; the survey's images have 28 x 28 in one channel", default=784),
        Axis("hidden", "values of every degree", default=16),
        Axis("degree", "of the polynomial", default=4),
        Axis("classes", "outputs of a sample", default=10),
        Axis("form", "how a degree comes from the one before", default="ncp", choices=tuple(FORMS)),
        Axis("skip", "1: the degree before is added, as CCP's authors have it", default=0, minimum=0),
        Axis("norm", "1: LayerNorm over the hidden values of every degree from 2 on", default=0, minimum=0),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances=TOLERANCES,
    backward_tolerances=TOLERANCES,
    check_points=(
        *(
            {**_ODD, "form": form, "skip": skip, "norm": norm}
            for form in FORMS
            for skip, norm in ((0, 0), (1, 0), (0, 1), (1, 1))
        ),
        *({**_ODD, "batch": 67, "degree": degree, "hidden": 13, "form": form} for form in FORMS for degree in (1, 2)),
        {"batch": 1, "features": 1, "hidden": 1, "degree": 4, "classes": 1, "form": "ncp"},
        {"batch": 131, "features": 61, "hidden": 31, "degree": 4, "classes": 11, "form": "ccp", "skip": 1},
        {"batch": 259, "features": 5, "hidden": 17, "degree": 5, "classes": 2, "form": "ncp", "norm": 1},
        *({**_ODD, "batch": 33, "degree": 16, "form": form, "skip": 1} for form in FORMS),
        {**_ODD, "batch": 0, "form": "ncp"},
        {**_ODD, "batch": 0, "form": "ccp", "norm": 1},
    ),
    sizes=sizes,
    modes=frozenset({"forward", "backward"}),
)
