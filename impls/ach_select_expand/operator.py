"""ACH once trained, from its mixed channels on: what a runtime computes between two convolutions (Eq. 2 to 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard import steps
from impls.cross_hadamard.norms import ELEMENTWISE
from impls.cross_hadamard.pairs import pair_count
from impls.cross_hadamard.tolerances import accumulated
from impls.expansion.ach.scene import TAPS, before_eca
from impls.expansion.references import all_pairs, channel_scores, exact, strongest
from impls.seeded import dtype_of, generator_for, itemsize
from impls.threads import THREADS
from opbench import Axes, Axis, Operator, Work
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from opbench import Inputs, Point


def norm_of(axes: Axes) -> str:
    """f by its name in `impls.cross_hadamard.norms`: DySoft's, or that of a BatchNorm with running statistics."""
    return "identity" if axes["batchnorm"] else "softsign"


def inputs(point: Point) -> Inputs:
    """x (batch, channels, edge, edge), whose channels' scores lie apart and rank otherwise in every sample; taps (5,),
    alpha (1,), weight and bias (P,). x is in the point's dtype, the parameters in float32 or better.
    """
    batch, channels, edge, selected = (point.axes[name] for name in ("batch", "channels", "edge", "selected"))
    random, dtype = generator_for(point), dtype_of(point)
    parameter_dtype = dtype if dtype == torch.float64 else torch.float32
    values = {
        "x": _maps(batch, channels, edge, random).to(dtype),
        "taps": torch.tensor(TAPS, dtype=parameter_dtype),
        "alpha": torch.tensor([1.0 if point.axes["batchnorm"] else 0.5], dtype=parameter_dtype),
        "weight": torch.rand(pair_count(selected), generator=random).to(parameter_dtype) + 0.5,
        "bias": torch.rand(pair_count(selected), generator=random).to(parameter_dtype) - 0.5,
    }
    return {name: value.to(point.device) for name, value in values.items()}


def _maps(batch: int, channels: int, edge: int, random: torch.Generator) -> Tensor:
    """Noise without a mean over the pixels, and means that score evenly from -1 to 1, shuffled in every sample."""
    ripple = torch.randn((batch, channels, edge, edge), generator=random)
    ripple -= ripple.mean(dim=(2, 3), keepdim=True)
    ranks = torch.rand(batch, channels, generator=random).argsort(dim=1)
    return ripple + before_eca(2 * (ranks + 0.5) / channels - 1)[:, :, None, None]


def reference(point: Point, inputs: Inputs) -> Tensor:
    """Score by score and pair by pair in float64."""
    values = exact(inputs)
    x = values["x"]
    if 0 in x.shape:
        return x.new_zeros((x.shape[0], x.shape[1] + values["weight"].numel(), *x.shape[2:]))
    index = strongest(channel_scores(x, values["taps"]), point.axes["selected"])
    u = values["alpha"] * all_pairs(x, index)
    f = u if point.axes["batchnorm"] else u / (1 + u.abs())
    return torch.cat([x, f * values["weight"].view(-1, 1, 1) + values["bias"].view(-1, 1, 1)], dim=1)


def work(point: Point) -> Work:
    """The means and scores, one product per pair and pixel and the normaliser's steps."""
    batch, channels, edge, selected = (point.axes[name] for name in ("batch", "channels", "edge", "selected"))
    pairs, pixels, size = pair_count(selected), edge * edge, itemsize(point)
    products = batch * pairs * pixels
    maps = batch * channels * pixels
    parameters = max(size, 4) * (len(TAPS) + 1 + 2 * pairs)
    steps_of_f = ELEMENTWISE[norm_of(point.axes)] * products
    return Work(
        batch * channels * len(TAPS), products, maps + steps_of_f, maps * size + parameters, (maps + products) * size
    )


def eager(point: Point) -> Callable[..., Tensor]:
    """In PyTorch's own operators, step by step."""
    k, norm = point.axes["selected"], norm_of(point.axes)

    def function(x: Tensor, taps: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        index = steps.scores_of(x, taps.to(x.dtype)).topk(k, dim=1).indices
        return steps.expansion(x, index, alpha, weight, bias, norm, steps.pairs_for(x, index), steps.gathered)

    return function


def sizes(axes: Axes) -> Mapping[str, int]:
    """Raises UsageError for more channels selected than there are."""
    if axes["selected"] > axes["channels"]:
        raise UsageError(f"selected is {axes['selected']}; expected at most the {axes['channels']} channels")
    return {"out_channels": axes["channels"] + pair_count(axes["selected"])}


OPERATOR = Operator(
    name="ach_select_expand",
    about="ACH behind its convolution: score, select, multiply pairs, normalise, concatenate",
    axes=(
        Axis("batch", "samples", default=1, minimum=0),
        Axis("channels", "input channels C", default=128),
        Axis("edge", "height and width", default=14, minimum=1),
        Axis("selected", "channels selected by their scores", default=32, minimum=0),
        Axis("batchnorm", "0 normalises by DySoft, 1 by a BatchNorm with running statistics", default=0, minimum=0),
        THREADS,
    ),
    inputs=inputs,
    reference=reference,
    work=work,
    eager=eager,
    tolerances={name: one for name, one in accumulated().items() if name != "bfloat16"},
    check_points=(
        {"batch": 3, "channels": 7, "edge": 7, "selected": 5},
        {"batch": 1, "channels": 17, "edge": 13, "selected": 11, "batchnorm": 1},
        {"batch": 2, "channels": 19, "edge": 1, "selected": 17},
        {"batch": 1, "channels": 5, "edge": 3, "selected": 2},
        {"batch": 1, "channels": 5, "edge": 3, "selected": 1},
        {"batch": 0, "channels": 5, "edge": 7, "selected": 3},
        {"batch": 1, "channels": 5, "edge": 67, "selected": 5, "batchnorm": 1},
    ),
    sizes=sizes,
)
