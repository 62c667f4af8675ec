"""The networks in float64, spelled out layer by layer: convolutions are PyTorch's, all else is written here or in
`impls.expansion.references`. Nothing is shared with the modules that are measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from impls.expansion.references import all_pairs, channel_scores, exact, hard_swish, normalise, soft_sign, strongest
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, Layer
from impls.network.variants import config_of
from opbench.errors import UsageError

if TYPE_CHECKING:
    from opbench import Inputs, Point

TAU = 4.0

NEAR = {"float32": 5e-6, "float64": 1e-13}
"""Scores closer than this may change places. Float32 moves a score by 1e-6, at most by 7e-6 (L, batch 4, 224x224)."""

FIRST = "body.0.0.weight"


def reference(point: Point, inputs: Inputs) -> Tensor:
    """Scores (B, 100); in mode `backward` the gradient of the first layer's weight.

    Raises UsageError where two scores lie so close that the point's dtype could select other channels than float64.
    """
    values = exact(inputs)
    if point.mode != "backward":
        return _Network(point, values).scores()
    grad = values.pop("grad")
    values[FIRST] = values[FIRST].clone().requires_grad_()
    with torch.enable_grad():
        scores = _Network(point, values).scores()
    (gradient,) = torch.autograd.grad(scores, values[FIRST], grad)
    return gradient


class _Network:
    """One forward pass over named float64 values."""

    def __init__(self, point: Point, values: Inputs) -> None:
        self.point, self.values = point, values
        self.training = point.mode == "backward"

    def scores(self) -> Tensor:
        x, config = self.values["x"], config_of(self.point.operator)
        for at, layer in enumerate(config.layers):
            x = self._layer(x, f"body.{at}", layer)
        x = self._convolved(x, "widen")
        pooled = x.sum(dim=(2, 3)) / (x.shape[2] * x.shape[3])
        return self._linear(hard_swish(self._linear(pooled, "head.hide.0")), "head.classify")

    def _layer(self, x: Tensor, name: str, layer: Layer) -> Tensor:
        if isinstance(layer, Convolution):
            return self._convolved(x, name, layer.stride, active=layer.activation)
        expand = self._ghost if isinstance(layer, GhostBottleneck) else self._ach
        wide = self._convolved(expand(x, name, layer), f"{name}.spread", layer.stride)
        y = self._convolved(wide, f"{name}.project", active=False)
        return x + y if x.shape == y.shape else y

    def _ghost(self, x: Tensor, name: str, layer: Layer) -> Tensor:
        assert isinstance(layer, GhostBottleneck)
        primary = self._convolved(x, f"{name}.expand.primary")
        cheap = self._convolved(primary, f"{name}.expand.cheap", active=False)
        return torch.cat([primary, cheap], dim=1)[:, : int(layer.ratio * x.shape[1])]

    def _ach(self, x: Tensor, name: str, layer: Layer) -> Tensor:
        assert isinstance(layer, HadaBottleneck)
        expand = f"{name}.expand"
        weight, bias = self.values[f"{expand}.mix.0.weight"], self.values[f"{expand}.mix.0.bias"]
        mixed = self._normalised(functional.conv2d(x, weight, bias), f"{expand}.mix.1")
        scores = channel_scores(mixed, self.values[f"{expand}.select.scores.mix.weight"])
        gate = torch.ones_like(scores)
        if self.training:
            scores = scores + self.values[f"{expand}.noise"]
            soft = (scores / TAU).exp() / (scores / TAU).exp().sum(dim=1, keepdim=True)
            gate = gate + soft - soft.detach()
        self._refuse_ties(scores, layer.k, name)
        pairs = all_pairs(mixed * gate[:, :, None, None], strongest(scores, layer.k))
        if layer.norm == "bn":
            return torch.cat([mixed, self._normalised(pairs, f"{expand}.norm")], dim=1)
        parameters = (self.values[f"{expand}.norm.{parameter}"] for parameter in ("alpha", "weight", "bias"))
        return torch.cat([mixed, soft_sign(pairs, *parameters)], dim=1)

    def _convolved(self, x: Tensor, name: str, stride: int = 1, *, active: bool = True) -> Tensor:
        """Convolution, BatchNorm and Hardswish or none; kernel and groups are the weight's."""
        weight = self.values[f"{name}.0.weight"]
        padding, groups = (weight.shape[-1] - 1) // 2, x.shape[1] // weight.shape[1]
        y = self._normalised(functional.conv2d(x, weight, None, stride, padding, 1, groups), f"{name}.1")
        return hard_swish(y) if active else y

    def _normalised(self, x: Tensor, name: str) -> Tensor:
        if self.training:
            mean = x.mean(dim=(0, 2, 3))
            variance = (x - mean[:, None, None]).square().mean(dim=(0, 2, 3))
        else:
            mean, variance = self.values[f"{name}.running_mean"], self.values[f"{name}.running_var"]
        return normalise(x, mean, variance, self.values[f"{name}.weight"], self.values[f"{name}.bias"])

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return x @ self.values[f"{name}.weight"].T + self.values[f"{name}.bias"]

    def _refuse_ties(self, scores: Tensor, k: int, name: str) -> None:
        nearest = gap(scores.detach(), k)
        if nearest < NEAR[self.point.dtype]:
            raise UsageError(
                f"{self.point}: two channel scores of {name} lie {nearest:.1g} apart, and {self.point.dtype} may "
                "select another channel than float64; ask for another batch or edge"
            )


def gap(scores: Tensor, k: int) -> float:
    """The smallest distance between neighbours among the k + 1 highest scores of each sample."""
    highest = scores.sort(dim=1, descending=True).values[:, : k + 1]
    return float((highest[:, :-1] - highest[:, 1:]).min())
