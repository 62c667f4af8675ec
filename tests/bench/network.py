"""A stand-in for a whole network, made of the paper's building blocks: what a regression in one operator adds up to.

It is not the paper's Hadaptive-Net: three stages, weights drawn and not trained. Each stage thins out by a depthwise
convolution, mixes by a 1x1 one, scores and selects channels, widens by their products (`ach_expand`) and projects by
another 1x1 convolution, as the paper's blocks do.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from impls.cross_hadamard.functional import ach_expand
from impls.cross_hadamard.pairs import pair_count
from impls.expansion.ach.operator import select

CLASSES = 100
SEED = 30
"""One under which selected channels do not lie close in score: float32 and float64 must select the same ones."""


class Stage(nn.Module):
    """(B, m, H, W) to (B, n, H / stride, W / stride), with k of its m channels selected per sample."""

    def __init__(self, m: int, n: int, k: int, stride: int, backend: str) -> None:
        super().__init__()
        self.k, self.backend = k, backend
        self.spread = nn.Sequential(
            nn.Conv2d(m, m, 3, stride, padding=1, groups=m, bias=False), nn.BatchNorm2d(m), nn.Hardswish()
        )
        self.mix = nn.Sequential(nn.Conv2d(m, m, 1, bias=False), nn.BatchNorm2d(m))
        self.eca = nn.Parameter(torch.empty(1, 1, 5))
        self.alpha = nn.Parameter(torch.empty(1))
        self.weight = nn.Parameter(torch.empty(pair_count(k)))
        self.bias = nn.Parameter(torch.empty(pair_count(k)))
        self.project = nn.Sequential(nn.Conv2d(m + pair_count(k), n, 1, bias=False), nn.BatchNorm2d(n))

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.mix(self.spread(x))
        index = select(mixed, self.eca, self.k)
        wide = ach_expand(mixed, index, self.alpha, self.weight, self.bias, backend=self.backend)
        projected: Tensor = self.project(wide)
        return projected


class Network(nn.Module):
    """(B, 3, H, W) to scores (B, CLASSES); in eval, with seeded weights: the same in every process."""

    def __init__(self, backend: str = "cpp_ext") -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, 2, padding=1, bias=False), nn.BatchNorm2d(24), nn.Hardswish())
        self.stages = nn.Sequential(
            Stage(24, 48, 12, 1, backend), Stage(48, 64, 16, 2, backend), Stage(64, 96, 20, 2, backend)
        )
        self.classify = nn.Linear(96, CLASSES)
        _draw(self)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classify(self.stages(self.stem(x)).mean(dim=(2, 3)))
        return scores

    def exact(self) -> Network:
        """The same network in float64 and PyTorch's own operators, on the same device."""
        other = copy.deepcopy(self).double()
        for module in other.stages.modules():
            if isinstance(module, Stage):
                module.backend = "torch_eager"
        return other


def _draw(network: Network) -> None:
    """Weights scaled by their fan-in; of the rest, statistics included, values that all matter: no 0, no 1."""
    random = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.dim() > 1:
                fan_in = tensor[0].numel()
                tensor.copy_(torch.randn(tensor.shape, generator=random) * fan_in**-0.5)
            elif name.endswith(("weight", "running_var", "alpha")):
                tensor.copy_(torch.rand(tensor.shape, generator=random) + 0.5)
            elif tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape, generator=random) * 0.3)
