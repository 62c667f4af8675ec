"""ACH as it is exported: everything behind its convolution one operator, its parameters fixed in float32.

Within a file nothing trains, so BatchNorm's statistics and weights become one weight and one bias a channel for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

import impls.cross_hadamard.api.select_expand  # noqa: F401  (registers the operator that is called here)
from impls.cross_hadamard.kernels import PUBLISHED
from impls.cross_hadamard.steps import affine
from impls.hadaptive.ach import ACH
from impls.hadaptive.ach_parts.affine import in_eval
from impls.hadaptive.ach_parts.selection import LearnedSelection

if TYPE_CHECKING:
    from impls.hadaptive.ach_parts.affine import Affine


class Frozen(nn.Module):
    """(B, C, H, W) to (B, C + k(k-1)/2, H, W), as the ACH in eval mode that it is made from."""

    taps: Tensor
    alpha: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, ach: ACH, taps: Tensor, norm: Affine) -> None:
        super().__init__()
        self.mix, self.k, self.channels = ach.mix, ach.k, ach.channels
        self.f, alpha, weight, bias, statistics = norm
        if statistics is not None:
            weight, bias = affine(weight, bias, statistics)
        values = {"taps": taps.reshape(-1), "alpha": alpha.reshape(1), "weight": weight, "bias": bias}
        for name, value in values.items():
            self.register_buffer(name, value.detach().float())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = torch.ops.opbench.ach_select_expand.default(
            self.mix(x), self.taps, self.k, self.alpha, self.weight, self.bias, self.f, "auto"
        )
        return y


def freeze(model: nn.Module) -> nn.Module:
    """`model` with every ACH replaced, in eval mode, that selects by its scores and whose normaliser is one formula.

    One whose backend names one of the paper's schedules stays, since it is about separate products; so do ablations.
    Changes `model`, and returns it, or its replacement where it is an ACH itself.
    """
    if isinstance(model, ACH):
        return frozen(model) or model
    for name, module in list(model.named_modules()):
        if isinstance(module, ACH) and (replacement := frozen(module)) is not None:
            model.set_submodule(name, replacement)
    return model


def frozen(ach: ACH) -> Frozen | None:
    """None for an ACH that has to stay as it is."""
    select = ach.select
    if not isinstance(select, LearnedSelection) or ach.backend.partition(":")[2] in PUBLISHED:
        return None
    taps = select.scores.get_submodule("mix").get_parameter("weight")
    with torch.no_grad():
        norm = in_eval(ach.norm)
        return None if norm is None else Frozen(ach, taps, norm)
