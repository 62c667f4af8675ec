"""ACH's expansion after the selection: concat(x, DySoft(products of all pairs of the k selected channels)) (Eq. 11)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard import steps
from impls.cross_hadamard.kernels import OURS
from impls.cross_hadamard.norms import ELEMENTWISE
from impls.cross_hadamard.pairs import pair_count
from impls.cross_hadamard.tolerances import accumulated
from impls.seeded import away_from_zero, dtype_of, generator_for, itemsize
from opbench import Axes, Axis, Operator, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point

NORM = "softsign"


def inputs(point: Point) -> Inputs:
    """x (batch, channels, edge, edge), index (batch, selected) without repeats where there are channels enough,
    alpha (1,), weight and bias (P,) in x's dtype; in mode `backward` first grad (batch, C + P, edge, edge).
    """
    batch, channels, edge, selected = (point.axes[name] for name in ("batch", "channels", "edge", "selected"))
    random = generator_for(point)
    pairs = pair_count(selected)
    x = away_from_zero((batch, channels, edge, edge), point, random)
    order = torch.rand(batch, channels, generator=random).argsort(dim=1)
    index = order[:, torch.arange(selected) % channels].contiguous()
    tensors = {
        "x": x,
        "index": index.to(point.device),
        "alpha": torch.tensor([0.5], dtype=dtype_of(point), device=point.device),
        "weight": away_from_zero((pairs,), point, random),
        "bias": away_from_zero((pairs,), point, random),
    }
    if point.mode == "backward":
        tensors = {"grad": away_from_zero((batch, channels + pairs, edge, edge), point, random)} | tensors
    return tensors


def reference(point: Point, inputs: Inputs) -> Tensor:
    """Pair by pair in float64; the gradient by autograd of the same."""
    values = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
    if point.mode == "forward":
        return _definition(**values)
    grad, x = values.pop("grad"), values.pop("x").clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(_definition(x, **values), x, grad)
    return gradient


def _definition(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    rows = torch.arange(x.shape[0], device=x.device)
    expanded = []
    for p, (i, j) in enumerate(itertools.combinations(range(index.shape[1]), 2)):
        u = alpha * x[rows, index[:, i]] * x[rows, index[:, j]]
        expanded.append(u / (1 + u.abs()) * weight[p] + bias[p])
    return torch.cat([x, torch.stack(expanded, 1)], dim=1) if expanded else x * 1


def work(point: Point) -> Work:
    """One product per pair and pixel and the normaliser's steps; every input read once, the output written once.

    Backward: the slope (as many steps as f itself), two multiply-adds into x, three into the parameters.
    """
    batch, channels, edge, selected = (point.axes[name] for name in ("batch", "channels", "edge", "selected"))
    pairs, pixels, size = pair_count(selected), edge * edge, itemsize(point)
    products = batch * pairs * pixels
    x_bytes = batch * channels * pixels * size
    out_bytes = x_bytes + products * size
    parameters = 8 * batch * selected + (1 + 2 * pairs) * size
    steps_of_f = ELEMENTWISE[NORM] * products
    if point.mode == "backward":
        return Work(
            5 * products, products, steps_of_f, out_bytes + x_bytes + parameters, x_bytes + (1 + 2 * pairs) * size
        )
    return Work(0, products, steps_of_f, x_bytes + parameters, out_bytes)


def eager(_: Point) -> Callable[..., Tensor]:
    def function(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ij = steps.pairs_for(x, index)
        return steps.expansion(x, index, alpha, weight, bias, NORM, ij, steps.gathered)

    return function


def sizes(axes: Axes) -> Mapping[str, int]:
    return {"out_channels": axes["channels"] + pair_count(axes["selected"])}


OPERATOR = Operator(
    name="ach_expand",
    about="ACH's expansion in one pass: select, multiply pairs, normalise (DySoft), concatenate",
    axes=(
        Axis("batch", "samples", default=1, minimum=0),
        Axis("channels", "input channels C", default=128),
        Axis("edge", "height and width", default=14, minimum=0),
        Axis("selected", "channels selected by an index per sample", default=32, minimum=0),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances=accumulated(),
    backward_tolerances=accumulated(),
    check_points=(
        {"batch": 3, "channels": 7, "edge": 7, "selected": 5},
        {"batch": 1, "channels": 17, "edge": 13, "selected": 11},
        {"batch": 2, "channels": 3, "edge": 5, "selected": 7},
        {"batch": 1, "channels": 13, "edge": 29, "selected": 3},
        {"batch": 2, "channels": 19, "edge": 1, "selected": 17},
        {"batch": 1, "channels": 5, "edge": 3, "selected": 2},
        {"batch": 1, "channels": 5, "edge": 3, "selected": 1},
        {"batch": 0, "channels": 5, "edge": 7, "selected": 3},
        {"batch": 2, "channels": 5, "edge": 0, "selected": 3},
    ),
    sizes=sizes,
    modes=frozenset({"forward", "backward"}),
    backends="impls.cross_hadamard",
    schedules=OURS,
)
