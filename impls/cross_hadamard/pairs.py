"""Index maths of the strict upper triangle, in integers throughout.

Pairs are ordered row by row: (0,1), (0,2), ..., (0,n-1), (1,2), ... The paper's closed form takes a floating
root; rounded before the halving, or in float32 past n = 2048, it lands on the wrong row. `math.isqrt` is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

CACHED = 64
_CACHE: dict[tuple[str, int, str], tuple[torch.Tensor, torch.Tensor]] = {}


def pair_count(n: int) -> int:
    """P = n(n-1)/2, the number of pairs of n channels; 0 for n of 0 or 1."""
    return n * (n - 1) // 2


def channel_count(x: torch.Tensor, index: torch.Tensor | None) -> int:
    """n, the channels that are multiplied: those that index (B, k) selects, or all of x (B, C, ...)."""
    return x.shape[1] if index is None else index.shape[1]


def pair_to_flat(i: int, j: int, n: int) -> int:
    """Position of pair (i, j), 0 <= i < j < n."""
    return i * (2 * n - i - 1) // 2 + (j - i - 1)


def flat_to_pair(p: int, n: int) -> tuple[int, int]:
    """The pair at position p, 0 <= p < n(n-1)/2: direct indexing, exact for every n.

    Counted from the end, row i starts where a triangle of n-i rows begins, so i follows from the integer root
    of the pairs that are left.
    """
    pairs_left = pair_count(n) - 1 - p
    rows_after = (math.isqrt(8 * pairs_left + 1) - 1) // 2
    i = n - 2 - rows_after
    return i, i + 1 + p - i * (2 * n - 1 - i) // 2


def pair_indices(n: int, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """First and second channel of every pair: two int64 tensors (P,), cached because eager needs them per call."""
    n = int(n)  # where shapes are symbols this fixes the number of channels, on which everything depends
    return _cached("pairs", n, device, lambda: _unbound(_upper_triangle(n, device)))


def _upper_triangle(n: int, device: torch.device | str) -> torch.Tensor:
    """Rows and columns above the diagonal, (2, P) int64; on meta without values.

    There PyTorch's own imports its compiler, 1.5 s of a processor for the first whole network that is counted.
    """
    if torch.device(device).type == "meta":
        return torch.empty((2, pair_count(n)), dtype=torch.int64, device=device)
    return torch.triu_indices(n, n, offset=1, device=device)


def partner_indices(n: int, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """For every channel its n-1 partners, and where its pairs with them stand: two int64 tensors (n * (n-1),)."""
    n = int(n)
    return _cached("partners", n, device, lambda: _unbound(torch.tensor(_partners(n), device=device)))


def _partners(n: int) -> list[list[int]]:
    meetings = [(i, j) for i in range(n) for j in range(n) if i != j]
    return [[j for _, j in meetings], [pair_to_flat(min(meeting), max(meeting), n) for meeting in meetings]]


def _unbound(table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = table.to(torch.int64).unbind()
    return first.contiguous(), second.contiguous()


def _cached(
    kind: str, n: int, device: torch.device | str, make: Callable[[], tuple[torch.Tensor, torch.Tensor]]
) -> tuple[torch.Tensor, torch.Tensor]:
    key = (kind, n, str(device))
    tables = _CACHE.get(key)
    # Inside a mode that fakes or forbids tensors everything has to be made there, and nothing made there may stay.
    if tables is None or torch._C._len_torch_dispatch_stack():  # noqa: SLF001  (no public name)
        tables = make()
        if type(tables[0]) is torch.Tensor and not tables[0].is_inference():
            if len(_CACHE) >= CACHED:
                _CACHE.clear()
            _CACHE[key] = tables
    return tables
