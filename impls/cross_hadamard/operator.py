"""What the cross-Hadamard product is: y[b, (i, j)] = x[b, i] * x[b, j] over the pairs i < j, in row order (Eq. 1)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard import steps
from impls.cross_hadamard.pairs import pair_count
from impls.cross_hadamard.tolerances import accumulated
from impls.seeded import away_from_zero, generator_for, itemsize
from opbench import Axes, Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opbench import Inputs, Point


def inputs(point: Point) -> Inputs:
    """x (batch, channels, edge, edge); with `selected` > 0 also index (batch, selected), repeats allowed.

    In mode `backward` first grad (batch, P, edge, edge).
    """
    batch, channels, edge, selected = (point.axes[name] for name in ("batch", "channels", "edge", "selected"))
    random = generator_for(point)
    tensors = {"x": away_from_zero((batch, channels, edge, edge), point, random)}
    if selected:
        # From an empty channel axis nothing can be selected; then the index has no columns either.
        columns = selected if channels else 0
        index = torch.randint(max(channels, 1), (batch, columns), generator=random)
        tensors["index"] = index.to(point.device)
    if point.mode == "backward":
        pairs = pair_count(_channels_used(point.axes))
        tensors = {"grad": away_from_zero((batch, pairs, edge, edge), point, random)} | tensors
    return tensors


def reference(point: Point, inputs: Inputs) -> torch.Tensor:
    """One row of the triangle at a time in float64: z[i] against all later channels."""
    if point.mode == "backward":
        return _reference_gradient(inputs["grad"].double(), inputs["x"].double(), inputs.get("index"))
    x = inputs["x"].double()
    if "index" in inputs:
        rows = torch.arange(x.shape[0], device=x.device).unsqueeze(1)
        x = x[rows, inputs["index"]]
    rows_of_triangle = [x[:, i : i + 1] * x[:, i + 1 :] for i in range(x.shape[1])]
    return torch.cat(rows_of_triangle, dim=1) if rows_of_triangle else x


def _reference_gradient(grad: torch.Tensor, x: torch.Tensor, index: torch.Tensor | None) -> torch.Tensor:
    """Pair by pair: what arrives at (i, j) goes to i times z_j, and to j times z_i."""
    rows = torch.arange(x.shape[0], device=x.device)
    everyone = torch.arange(x.shape[1], device=x.device).expand(x.shape[0], -1)
    places = everyone if index is None else index
    total = torch.zeros_like(x)
    for p, (i, j) in enumerate(itertools.combinations(range(places.shape[1]), 2)):
        at_i, at_j = (rows, places[:, i]), (rows, places[:, j])
        total[at_i] += grad[:, p] * x[at_j]
        total[at_j] += grad[:, p] * x[at_i]
    return total


def work(point: Point) -> Work:
    """One product per output element; x (or only the selected channels, and the index) read once.

    Backward: two multiply-adds per pair and pixel; the gradient and x read once, the gradient of x written once.
    """
    batch, pixels = point.axes["batch"], point.axes["edge"] ** 2
    n = _channels_used(point.axes)
    products = batch * pair_count(n) * pixels
    size = itemsize(point)
    index_bytes = 8 * batch * n if point.axes["selected"] else 0
    if point.mode == "backward":
        map_bytes = batch * point.axes["channels"] * pixels * size
        return Work(2 * products, 0, 0, (products * size) + map_bytes + index_bytes, map_bytes)
    return Work(
        macs=0,
        products=products,
        elementwise=0,
        bytes_read=batch * min(n, point.axes["channels"]) * pixels * size + index_bytes,
        bytes_written=products * size,
    )


def eager(_: Point) -> Callable[..., torch.Tensor]:
    def function(x: torch.Tensor, index: torch.Tensor | None = None) -> torch.Tensor:
        return steps.pairs_of(x, index, steps.pairs_for(x, index), steps.gathered)

    return function


def sizes(axes: Axes) -> Mapping[str, int]:
    return {"out_channels": pair_count(_channels_used(axes))}


def _channels_used(axes: Axes) -> int:
    return (axes["selected"] or axes["channels"]) if axes["channels"] else 0


OPERATOR = Operator(
    name="cross_hadamard",
    about="all pairwise products of the channels of a feature map",
    axes=(
        Axis("batch", "samples", default=1, minimum=0),
        Axis("channels", "input channels C", default=64, minimum=0),
        Axis("edge", "height and width", default=28, minimum=0),
        Axis("selected", "channels selected by an index per sample; 0 takes all", default=0, minimum=0),
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    # One rounding per output: half a unit in the last place, no accumulation.
    tolerances={
        "float32": Tolerance(rtol=2**-24),
        "float64": Tolerance(rtol=2**-53),
        "float16": Tolerance(rtol=2**-11),
        "bfloat16": Tolerance(rtol=2**-8),
    },
    check_points=(
        {"batch": 3, "channels": 5, "edge": 7},
        {"batch": 1, "channels": 17, "edge": 13},
        {"batch": 2, "channels": 8, "edge": 1},
        {"batch": 1, "channels": 3, "edge": 29},
        {"batch": 2, "channels": 33, "edge": 3},
        {"batch": 1, "channels": 2, "edge": 5},
        {"batch": 1, "channels": 1, "edge": 5},
        {"batch": 1, "channels": 0, "edge": 5},
        {"batch": 0, "channels": 5, "edge": 7},
        {"batch": 2, "channels": 5, "edge": 0},
        {"batch": 2, "channels": 11, "edge": 7, "selected": 5},
        {"batch": 3, "channels": 3, "edge": 13, "selected": 7},
        {"batch": 1, "channels": 5, "edge": 3, "selected": 1},
    ),
    # A sum of n - 1 products. Eager rounds every product to the dtype and returns repeated channels by a matrix
    # product; kernels of ours round once.
    backward_tolerances=accumulated(),
    sizes=sizes,
    modes=frozenset({"forward", "out", "backward"}),
)
