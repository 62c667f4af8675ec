"""Seeded values for the tests: inputs, and modules whose every parameter and statistic matters."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn

from impls.expansion.references import mix, normalise
from impls.hadaptive.ach import ACH

BACKENDS = ["torch_eager", "torch_select", pytest.param("cpp_ext", marks=pytest.mark.compiler)]
"""Those that run on any CPU, uncompiled; the first is what the others are compared with."""

M = TypeVar("M", bound=nn.Module)


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def drawn(module: M, seed: int = 7) -> M:
    """The module in eval with seeded values, scaled by fan-in; none of the rest is 0 or 1, statistics included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, one in module.state_dict().items():
            if "temperature" in name or not one.is_floating_point():
                continue
            if one.dim() > 1:
                one.copy_(torch.randn(one.shape, generator=generator) * one[0].numel() ** -0.5)
            elif name.endswith(("weight", "running_var", "alpha")):
                one.copy_(torch.rand(one.shape, generator=generator) + 0.5)
            else:
                one.copy_(torch.randn(one.shape, generator=generator) * 0.3)
    return module.eval()


def without_fusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every ACH takes separate steps."""
    monkeypatch.setattr(ACH, "_fuses", lambda _: False)


def mixed_by(ach: ACH, x: Tensor) -> Tensor:
    """ACH's convolution and BatchNorm by definition, with the statistics of the batch in training."""
    convolution: Any = ach.mix[0]
    norm: Any = ach.mix[1]
    x = mix(x, convolution.weight) + convolution.bias[:, None, None]
    mean, variance = norm.running_mean, norm.running_var
    if ach.training:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    return normalise(x, mean, variance, norm.weight, norm.bias)
