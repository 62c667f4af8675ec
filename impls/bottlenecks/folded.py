"""A point's parameters as kernels take them: no BatchNorm, only weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.utils.fusion import fuse_conv_bn_weights

from impls.cross_hadamard.steps import affine
from impls.expansion.layers import EPSILON
from impls.expansion.values import NORM

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs


def folded(inputs: Inputs, name: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution `name` with the BatchNorm behind it inside: in float64, rounded once."""
    weight, bias = inputs[f"{name}_weight"], inputs.get(f"{name}_bias")
    mean, variance, gamma, beta = (inputs[f"{name}_{value}"].double() for value in NORM)
    exact_bias = None if bias is None else bias.double()
    both = fuse_conv_bn_weights(weight.double(), exact_bias, mean, variance, EPSILON, gamma, beta)
    made, made_bias = (one.detach().to(weight.dtype) for one in both)
    return made, made_bias


def pairs_norm(inputs: Inputs) -> tuple[str, Tensor, Tensor, Tensor]:
    """f by its name in `impls.cross_hadamard.norms`, alpha (1,), weight and bias (P,); of a BatchNorm f is the identity
    and its statistics are within weight and bias, all in float32 or better.
    """
    if "alpha" in inputs:
        return "softsign", inputs["alpha"].reshape(1), inputs["scale"], inputs["shift"]
    mean, variance, gamma, beta = (inputs[f"pair_{value}"] for value in NORM)
    weight, bias = affine(gamma, beta, (mean, variance, EPSILON))
    return "identity", weight.new_ones(1), weight, bias
