"""A comparison is worth what it can reject."""

from __future__ import annotations

import math

import pytest
import torch

from opbench.measure.compare import SLICE, compare, poison, unusual
from opbench.vocabulary.operator import Tolerance
from tests.rows import rows

TOLERANCE = Tolerance(rtol=1e-6, atol=1e-6)
WANT = torch.linspace(-3, 3, 31, dtype=torch.float64)


def passes(got: torch.Tensor, want: torch.Tensor = WANT, tolerance: Tolerance = TOLERANCE) -> bool:
    return compare(got, want, tolerance, torch.float32).passed


def test_the_reference_rounded_passes() -> None:
    assert passes(WANT.float())


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0])
def test_one_wrong_element_fails(value: float) -> None:
    got = WANT.float()
    got[30] = value
    assert not passes(got)


def test_zeros_fail_even_under_a_loose_absolute_tolerance() -> None:
    assert not passes(torch.zeros(31), tolerance=Tolerance(rtol=0.1, atol=0.1))


def test_nan_and_infinity_pass_only_where_the_reference_has_the_same() -> None:
    want = torch.tensor([math.nan, math.inf, -math.inf, 1.0], dtype=torch.float64)
    assert passes(want.float(), want)
    assert not passes(torch.tensor([math.inf, math.inf, -math.inf, 1.0]), want)
    assert not passes(torch.tensor([math.nan, -math.inf, -math.inf, 1.0]), want)
    assert not passes(torch.tensor([math.nan, 3e38, -math.inf, 1.0]), want)


def test_shape_dtype_and_type_are_part_of_the_result() -> None:
    assert "shape" in compare(WANT.float()[:-1], WANT, TOLERANCE, torch.float32).detail
    assert "float64" in compare(WANT, WANT, TOLERANCE, torch.float32).detail
    assert "list" in compare([1.0], WANT, TOLERANCE, torch.float32).detail


def test_the_first_miss_is_named_with_its_position() -> None:
    want = torch.ones(3, 5, dtype=torch.float64)
    got = torch.ones(3, 5)
    got[1, 2] = 2
    assert compare(got, want, TOLERANCE, torch.float32).detail == "first at (1, 2): got 2, expected 1"


def test_a_miss_beyond_the_first_slice_is_found() -> None:
    want = torch.ones(SLICE + 3, dtype=torch.float64)
    got = torch.ones(SLICE + 3)
    got[-1] = 1.5
    found = compare(got, want, TOLERANCE, torch.float32)
    assert (found.misses, found.max_abs_error) == (1, 0.5)
    assert f"({SLICE + 2},)" in found.detail


def test_an_empty_output_of_the_right_shape_passes() -> None:
    assert passes(torch.empty(2, 0, 7), torch.empty(2, 0, 7, dtype=torch.float64))


def test_poison_leaves_nothing_finite() -> None:
    assert not poison(torch.zeros(3)).isfinite().any()


class Later(torch.Tensor):
    """May compute when it is read."""


@rows(
    "output, says",
    [
        (torch.ones(3).as_subclass(Later), "returned a Later, which may compute when it is read; expected a plain"),
        (torch.empty(3, device="meta"), "returned a tensor without values, on device meta"),
        (torch.ones(3).to_sparse(), "returned a tensor laid out as torch.sparse_coo, expected torch.strided"),
        (torch._neg_view(torch.ones(3)), "returned a tensor whose sign or values are only noted"),
        (torch.ones(3, dtype=torch.complex64).conj(), "returned a tensor whose sign or values are only noted"),
        (torch._efficientzerotensor(3), "returned a tensor whose sign or values are only noted"),
        (torch.ones(1).expand(3), "returned a view of strides (0,) whose elements share memory; expected them all"),
        (torch.ones(4).as_strided((3, 2), (1, 1)), "returned a view of strides (1, 1) whose elements share memory"),
    ],
)
def test_an_output_has_all_of_its_elements_in_memory_and_computed(output: torch.Tensor, says: str) -> None:
    assert unusual(output).startswith(says)


@rows("output", [torch.ones(3), torch.ones(()), torch.ones(0).expand(0), torch.ones(5, 3).T, torch.ones(9)[::2]])
def test_a_view_whose_elements_lie_apart_is_as_good_as_any(output: torch.Tensor) -> None:
    assert unusual(output) == ""
