"""Two synthetic tasks whose answer lies in other tokens than the last, which asks: associative recall and majority.

A token is a key and a value, (batch, tokens, 2) int64. Tokens have no positions, and neither operator has any: how far
apart two lie changes nothing, how many there are does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch

if TYPE_CHECKING:
    from torch import Tensor

Batch: TypeAlias = "tuple[Tensor, Tensor]"
"""Tokens (batch, tokens, 2) and answers (batch,), int64."""


@dataclass(frozen=True)
class Task:
    """keys, values: how many of each, with those that mean nothing. answers: classes. draw(count, tokens, random)."""

    name: str
    keys: int
    values: int
    answers: int
    draw: Callable[[int, int, torch.Generator], Batch]


def recall(pairs: int) -> Task:
    """Each of `pairs` keys once, with one of as many values; the last token has a key, and its value is asked for.

    Between them are tokens of no key and no value. `draw` raises ValueError for fewer than `pairs` + 1 tokens.
    """

    def draw(count: int, tokens: int, random: torch.Generator) -> Batch:
        if tokens <= pairs:
            raise ValueError(f"{tokens} tokens; expected {pairs} pairs and one that asks, {pairs + 1} at least")
        values = torch.randint(pairs, (count, pairs), generator=random)
        asked = torch.randint(pairs, (count,), generator=random)
        drawn = torch.full((count, tokens, 2), pairs)
        places = torch.rand((count, tokens - 1), generator=random).argsort(1)[:, :pairs]
        rows = torch.arange(count)[:, None]
        drawn[rows, places, 0] = torch.arange(pairs)
        drawn[rows, places, 1] = values
        drawn[:, -1, 0] = asked
        return drawn, values[rows[:, 0], asked]

    return Task(f"recall of {pairs} pairs", pairs + 1, pairs + 1, pairs, draw)


def majority() -> Task:
    """Tokens of value 0 or 1, an odd number of them, and a last one that asks which there are more of.

    `draw` raises ValueError for an odd number of tokens, or none, where a tie were possible.
    """

    def draw(count: int, tokens: int, random: torch.Generator) -> Batch:
        if tokens < 2 or tokens % 2:
            raise ValueError(f"{tokens} tokens; expected an even number, so that the others have no tie")
        votes = torch.randint(2, (count, tokens - 1), generator=random)
        drawn = torch.zeros((count, tokens, 2), dtype=torch.int64)
        drawn[:, :-1, 1] = votes
        drawn[:, -1] = torch.tensor([1, 2])
        return drawn, (2 * votes.sum(1) > tokens - 1).long()

    return Task("majority", 2, 3, 2, draw)
