"""Goes by the number of the call: wrong every so often, or from some call on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..behaving import Compute, kind, numbered, right

if TYPE_CHECKING:
    from torch import Tensor


def wrong(x: Tensor) -> Tensor:
    return torch.zeros_like(x)


def at_the_ends(*_: Tensor) -> Compute:
    """Right in the first three calls after its input changed and in the last one of a sample, by the length it saw."""
    seen, length, longest = [0.0], 0, 0

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        nonlocal length, longest
        if seen[0] != float(x[0]):
            seen[0], longest, length = float(x[0]), max(longest, length), 0
        length += 1
        return right(x, offset) if length <= 3 or length == longest else wrong(x)

    return compute


def first_only(*_: Tensor) -> Compute:
    """Right in the first call after its input changed."""
    seen = [0.0]

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if seen[0] == float(x[0]):
            return wrong(x)
        seen[0] = float(x[0])
        return right(x, offset)

    return compute


BACKEND = kind(
    __doc__ or "",
    every_second=numbered(lambda n, x, offset: right(x, offset) if n % 2 else wrong(x)),
    three_in_four=numbered(lambda n, x, offset: right(x, offset) if n % 4 else wrong(x)),
    one_in_ten=numbered(lambda n, x, offset: wrong(x) if n % 10 else right(x, offset)),
    after_a_while=numbered(lambda n, x, offset: right(x, offset) if n < 50 else wrong(x)),
    for_a_while=numbered(lambda n, x, offset: right(x, offset) if n % 10_000 > 5000 else wrong(x)),
    bursts=numbered(lambda n, x, offset: right(x, offset) if n % 100 < 50 else wrong(x)),
    powers=numbered(lambda n, x, offset: wrong(x) if n & (n - 1) else right(x, offset)),
    at_the_ends=at_the_ends,
    first_only=first_only,
)
