"""Index maths, exact for every n: the published closed form fails both properties below."""

from __future__ import annotations

import pytest

from impls.cross_hadamard.pairs import flat_to_pair, pair_count, pair_indices, pair_to_flat

from ...drawing import given
from ...drawing import strategies as st


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 17, 64])
def test_pairs_come_row_by_row(n: int) -> None:
    listed = [(i, j) for i in range(n) for j in range(i + 1, n)]
    assert [flat_to_pair(p, n) for p in range(pair_count(n))] == listed
    first, second = pair_indices(n)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == listed


@pytest.mark.parametrize("n", [0, 1, 2, 17])
def test_pairs_without_values_have_the_shape_and_dtype_of_those_with(n: int) -> None:
    for there, here in zip(pair_indices(n, "meta"), pair_indices(n), strict=True):
        assert (there.device.type, there.shape, there.dtype) == ("meta", here.shape, here.dtype)


@given(st.integers(2, 100_000), st.data())
def test_flat_and_pair_are_inverse_for_large_n(n: int, data: st.DataObject) -> None:
    p = data.draw(st.integers(0, pair_count(n) - 1))
    i, j = flat_to_pair(p, n)
    assert 0 <= i < j < n
    assert pair_to_flat(i, j, n) == p


@given(st.integers(2, 100_000), st.data())
def test_the_ends_of_every_row_are_on_it(n: int, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, n - 2))
    assert flat_to_pair(pair_to_flat(i, i + 1, n), n) == (i, i + 1)
    assert flat_to_pair(pair_to_flat(i, n - 1, n), n) == (i, n - 1)
