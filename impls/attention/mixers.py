"""One block that answers from the last token: embeddings, self-attention or Poly-SA, a small MLP, classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from impls.attention.poly_sa.operator import gated
from impls.attention.self_attention.operator import attended

if TYPE_CHECKING:
    from torch import Tensor

    from impls.attention.sequences import Task


def _square(width: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(width, width) / math.sqrt(width))


class SelfAttention(nn.Module):
    """(batch, tokens, width) to the same: `self_attention`, 4 width^2 parameters."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.weights = nn.ParameterList(_square(width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        return attended(x, self.weights, self.heads)


class PolySA(nn.Module):
    """(batch, tokens, width) to the same: `poly_sa`, 3 width^2 parameters."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weights = nn.ParameterList(_square(width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return gated(x, *self.weights)


class Answering(nn.Module):
    """Logits (batch, answers) from tokens (batch, tokens, 2), int64: those of the last token after one block.

    Parameters are drawn from PyTorch's global generator.
    """

    def __init__(self, task: Task, width: int, mixer: nn.Module) -> None:
        super().__init__()
        self.keys, self.values = nn.Embedding(task.keys, width), nn.Embedding(task.values, width)
        self.before, self.mixer = nn.LayerNorm(width), mixer
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.classes = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, task.answers))

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.keys(tokens[..., 0]) + self.values(tokens[..., 1])
        last = (x + self.mixer(self.before(x)))[:, -1]
        logits: Tensor = self.classes(last + self.mlp(last))
        return logits
