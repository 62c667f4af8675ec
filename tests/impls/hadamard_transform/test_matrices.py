"""Hadamard matrices: rows at right angles, Sylvester's order, and the sizes that have none."""

from __future__ import annotations

import pytest
import torch
from scipy.linalg import hadamard

from impls.hadamard_transform.matrices import matrix_of, of_order, sylvester
from impls.hadamard_transform.orders import block_of, factored
from opbench.errors import UsageError


@pytest.mark.parametrize("size", [1, 2, 8, 12, 20, 28, 24, 80, 112, 128])
def test_rows_are_of_signs_and_at_right_angles(size: int) -> None:
    matrix = matrix_of(size)
    assert torch.equal(matrix.abs(), torch.ones_like(matrix))
    assert torch.equal(matrix @ matrix.T, size * torch.eye(size, dtype=torch.float64))


@pytest.mark.parametrize("length", [1, 2, 16, 64])
def test_powers_of_two_are_in_the_order_of_scipy(length: int) -> None:
    assert torch.equal(sylvester(length), torch.from_numpy(hadamard(length, dtype=float)))


@pytest.mark.parametrize("order", [12, 20, 28])
def test_the_first_row_and_column_are_positive(order: int) -> None:
    matrix = of_order(order)
    assert torch.equal(matrix[0], torch.ones(order, dtype=torch.float64))
    assert torch.equal(matrix[:, 0], torch.ones(order, dtype=torch.float64))


def test_only_order_28_is_its_own_transpose() -> None:
    assert {order for order in (12, 20, 28) if torch.equal(of_order(order), of_order(order).T)} == {28}


@pytest.mark.parametrize(
    ("size", "parts"),
    [(1, (1, 1)), (32768, (1, 32768)), (12, (12, 1)), (48, (12, 4)), (20, (20, 1)), (28672, (28, 1024))],
)
def test_a_size_is_an_order_times_a_power_of_two(size: int, parts: tuple[int, int]) -> None:
    assert factored(size) == parts


@pytest.mark.parametrize("size", [0, -4, 3, 5, 36, 44, 60, 768 + 4, 65536, 12 << 12])
def test_a_size_that_has_no_transform_is_named_with_those_that_have(size: int) -> None:
    with pytest.raises(UsageError, match=rf"size {size} has no Hadamard transform here; expected 2\^k, 12 \* 2\^k"):
        factored(size)


def test_blocks_have_to_fill_the_axis() -> None:
    assert (block_of(96, 32), block_of(96, 0)) == (32, 96)
    with pytest.raises(UsageError, match="size 100 is no multiple of block 32"):
        block_of(100, 32)
