"""A model computed by loops that multiply one number at a time and count each: what both counters say of it.

The loops give the model's own outputs, so they do the arithmetic that is counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

pytest.importorskip("fvcore", reason="fvcore is not installed")

from opbench.counting.count import count


@dataclass
class Arithmetic:
    """Every operation on two numbers of a model, done here and counted by its kind."""

    tally: Counter[str] = field(default_factory=Counter)

    def accumulated(self, total: float, left: float, right: float) -> float:
        self.tally["macs"] += 1
        return total + left * right

    def multiplied(self, left: float, right: float) -> float:
        self.tally["products"] += 1
        return left * right

    def done(self, value: float) -> float:
        self.tally["elementwise"] += 1
        return value


def convolution(
    number: Arithmetic, x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int, groups: int
) -> Tensor:
    """Padding is multiplied as any element is; a sum begins at the bias."""
    padded = functional.pad(x, [padding] * 4)
    outputs, inputs, kernel, _ = weight.shape
    edge = (padded.shape[2] - kernel) // stride + 1
    found = torch.zeros(len(x), outputs, edge, edge, dtype=x.dtype)
    for image, out, row, column in product(*map(range, found.shape)):
        total = 0.0 if bias is None else float(bias[out])
        first = out // (outputs // groups) * inputs
        for channel, down, right in product(range(inputs), range(kernel), range(kernel)):
            value = padded[image, first + channel, row * stride + down, column * stride + right]
            total = number.accumulated(total, float(value), float(weight[out, channel, down, right]))
        found[image, out, row, column] = total
    return found


def pairs(number: Arithmetic, x: Tensor) -> Tensor:
    made = [x]
    for left, right in combinations(range(x.shape[1]), 2):
        made.append(torch.zeros_like(x[:, :1]))
        for image, row, column in product(range(len(x)), range(x.shape[2]), range(x.shape[3])):
            value = number.multiplied(float(x[image, left, row, column]), float(x[image, right, row, column]))
            made[-1][image, 0, row, column] = value
    return torch.cat(made, 1)


def scaled(number: Arithmetic, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """BatchNorm in eval: one scale and one shift for each element."""
    found = torch.zeros_like(x)
    for at in product(*map(range, x.shape)):
        mean, variance, weight, bias = (float(tensors[name][at[1]]) for name in ("mean", "variance", "weight", "bias"))
        scale = weight / math.sqrt(variance + 1e-5)
        found[at] = number.done(number.done(float(x[at]) * scale) + (bias - scale * mean))
    return found


def means(number: Arithmetic, x: Tensor) -> Tensor:
    """One addition for each element; the division is one for a whole map, and free."""
    found = torch.zeros(x.shape[:2], dtype=x.dtype)
    for image, channel, row, column in product(*map(range, x.shape)):
        found[image, channel] = number.done(float(found[image, channel]) + float(x[image, channel, row, column]))
    return found / (x.shape[2] * x.shape[3])


def linear(number: Arithmetic, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    found = torch.zeros(len(x), len(weight), dtype=x.dtype)
    for row, out in product(*map(range, found.shape)):
        total = float(bias[out])
        for at in range(x.shape[1]):
            total = number.accumulated(total, float(x[row, at]), float(weight[out, at]))
        found[row, out] = total
    return found


def by_loops(number: Arithmetic, x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    x = convolution(number, x, tensors["stem"], tensors["stem_bias"], 2, 1, 1)
    x = convolution(number, x, tensors["grouped"], None, 1, 0, 2)
    x = pairs(number, scaled(number, x, tensors))
    return linear(number, means(number, x), tensors["classify"], tensors["classify_bias"])


def model(x: Tensor, *values: Tensor) -> Tensor:
    """A convolution, a grouped one, BatchNorm, pairs, a mean and a linear layer."""
    tensors = dict(zip(SHAPES, values, strict=True))
    x = functional.conv2d(x, tensors["stem"], tensors["stem_bias"], stride=2, padding=1)
    x = functional.conv2d(x, tensors["grouped"], groups=2)
    statistics = tensors["mean"], tensors["variance"]
    x = functional.batch_norm(x, *statistics, tensors["weight"], tensors["bias"])
    left, right = torch.triu_indices(6, 6, 1, device=x.device)
    wide = torch.cat([x, x[:, left] * x[:, right]], 1)
    return functional.linear(wide.mean((2, 3)), tensors["classify"], tensors["classify_bias"])


SHAPES = {
    "stem": (4, 3, 3, 3),
    "stem_bias": (4,),
    "grouped": (6, 2, 2, 2),
    "mean": (6,),
    "variance": (6,),
    "weight": (6,),
    "bias": (6,),
    "classify": (5, 6 + 15),
    "classify_bias": (5,),
}


@pytest.mark.parametrize("batch", [1, 3])
def test_both_counters_count_what_the_loops_multiplied_and_added(batch: int) -> None:
    generator = torch.Generator().manual_seed(0)
    options: Any = {"generator": generator, "dtype": torch.float64}
    tensors = {name: 0.5 + torch.rand(shape, **options) for name, shape in SHAPES.items()}
    x = torch.randn(batch, 3, 7, 7, **options)
    number = Arithmetic()
    y = by_loops(number, x, tensors)
    torch.testing.assert_close(y, model(x, *tensors.values()), rtol=1e-12, atol=1e-12)
    assert min(number.tally.values()) > 0
    found = count(model, {name: tensor.to("meta") for name, tensor in {"x": x, **tensors}.items()})
    assert found == {"fvcore": dict(number.tally), "torch": dict(number.tally)}
