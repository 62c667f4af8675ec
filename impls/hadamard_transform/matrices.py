"""Hadamard matrices: Sylvester's of order 2^k in natural order, Paley's of orders 12, 20 and 28, and their products.

R. E. A. C. Paley, "On orthogonal matrices", Journal of Mathematics and Physics 12 (1933): with q a prime and Q the
matrix of Legendre symbols Q[i, j] = ((i - j) / q), orders q + 1 where q is 3 modulo 4 (12 and 20: q = 11 and 19), and
2(q + 1) where it is 1 (28: q = 13). Here their first row and column are made positive by changing signs of rows and
columns, which leaves a Hadamard matrix one. Other libraries have others of the same orders (Sloane's tables list them),
and so other transforms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from impls.hadamard_transform.orders import factored

if TYPE_CHECKING:
    from torch import Tensor

_PRIMES = {12: 11, 20: 19, 28: 13}


@lru_cache(maxsize=8)
def of_order(order: int) -> Tensor:
    """(order, order) of +-1 in float64, order 1, 12, 20 or 28; not to be written to. Only that of 28 is symmetric."""
    if order == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    matrix = _first_kind(_PRIMES[order]) if _PRIMES[order] % 4 == 3 else _second_kind(_PRIMES[order])
    rows = matrix * matrix[:, :1]
    return rows * rows[:1]


def sylvester(length: int) -> Tensor:
    """(length, length) of +-1 in float64, as scipy.linalg.hadamard: H[i, j] = (-1)^(common bits of i and j)."""
    matrix = torch.ones(1, 1, dtype=torch.float64)
    two = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    while matrix.shape[0] < length:
        matrix = torch.kron(two, matrix)
    return matrix


def matrix_of(block: int) -> Tensor:
    """(block, block) of +-1 in float64: `of_order` times `sylvester`, Kronecker. Raises UsageError as `factored`."""
    order, length = factored(block)
    return torch.kron(of_order(order), sylvester(length))


def _legendre(q: int) -> Tensor:
    """Q of the prime q: 0 where i = j, 1 where i - j is a square modulo q, else -1."""
    squares = {x * x % q for x in range(1, q)}
    symbols = [0.0 if d == 0 else 1.0 if d in squares else -1.0 for d in range(q)]
    rows = [[symbols[(i - j) % q] for j in range(q)] for i in range(q)]
    return torch.tensor(rows, dtype=torch.float64)


def _bordered(q: int, left: float) -> Tensor:
    """Q with a row of ones above it and a column of `left` before it; 0 in the corner."""
    matrix = torch.zeros(q + 1, q + 1, dtype=torch.float64)
    matrix[0, 1:], matrix[1:, 0] = 1.0, left
    matrix[1:, 1:] = _legendre(q)
    return matrix


def _first_kind(q: int) -> Tensor:
    return torch.eye(q + 1, dtype=torch.float64) + _bordered(q, -1.0)


def _second_kind(q: int) -> Tensor:
    one = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    zero = torch.tensor([[1.0, -1.0], [-1.0, -1.0]], dtype=torch.float64)
    return torch.kron(_bordered(q, 1.0), one) + torch.kron(torch.eye(q + 1, dtype=torch.float64), zero)
