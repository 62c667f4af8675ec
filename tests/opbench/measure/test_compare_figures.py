"""What a comparison says beside passed or not, held against the definition element by element."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from opbench.measure import compare as check
from opbench.measure.compare import compare, rms
from opbench.vocabulary.operator import Tolerance

VALUES = [0.0, -0.0, 1.0, -1.0, 1.5, -3.0, 7.0, 2**-10, 1e6, math.inf, -math.inf, math.nan]
SHARES = [0.0, 0.25, 0.5]


def alike(got: float, want: float) -> bool:
    return got == want or (math.isnan(got) and math.isnan(want))


def size_of(wanted: list[float]) -> float:
    """Root mean square of the finite ones."""
    finite = [value for value in wanted if math.isfinite(value)]
    return math.sqrt(sum(value * value for value in finite) / len(finite)) if finite else 0.0


@given(
    st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)), min_size=1, max_size=13),
    st.sampled_from(SHARES),
    st.sampled_from(SHARES),
    st.integers(1, 5),
)
@settings(derandomize=True, deadline=None, database=None, max_examples=150)
def test_figures_are_the_definitions_whatever_the_slices(
    pairs: list[tuple[float, float]], rtol: float, atol: float, slice_: int
) -> None:
    given_, wanted = [got for got, _ in pairs], [want for _, want in pairs]
    allowance = atol * size_of(wanted)
    missed = [
        at
        for at, (got, want) in enumerate(pairs)
        if not alike(got, want)
        and not (math.isfinite(want) and math.isfinite(got) and abs(got - want) <= allowance + rtol * abs(want))
    ]
    errors = [abs(got - want) for got, want in pairs if math.isfinite(got) and math.isfinite(want)]
    relative = [
        abs(got - want) / abs(want) for got, want in pairs if math.isfinite(got) and math.isfinite(want) and want
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(check, "SLICE", slice_)
        found = compare(torch.tensor(given_), torch.tensor(wanted).double(), Tolerance(rtol, atol), torch.float32)
    assert found.misses == len(missed)
    assert found.passed is (not missed)
    assert (found.elements, found.rtol, found.atol) == (len(pairs), rtol, atol)
    assert found.max_abs_error == pytest.approx(max(errors, default=0.0), rel=1e-6)
    assert found.max_rel_error == pytest.approx(max(relative, default=0.0), rel=1e-6)
    first = [f"first at ({at},): got {given_[at]:.9g}, expected {wanted[at]:.9g}" for at in missed[:1]]
    assert found.detail == "".join(first)


@pytest.mark.parametrize(("want", "misses"), [(torch.zeros(0), 1), (torch.zeros(1), 1), (torch.zeros(3, 5), 15)])
def test_where_nothing_could_be_compared_everything_is_a_miss_and_no_error_is_known(
    want: torch.Tensor, misses: int
) -> None:
    found = compare(None, want.double(), Tolerance(1e-6, 1e-3), torch.float32)
    assert (found.passed, found.misses, found.elements) == (False, misses, want.numel())
    assert found.detail == "returned NoneType, expected a tensor"
    assert math.isnan(found.max_abs_error)
    assert math.isnan(found.max_rel_error)


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (torch.zeros(3, 4), "returned shape (3, 4), expected (3, 5)"),
        (torch.zeros(15), "returned shape (15,), expected (3, 5)"),
        (torch.zeros(3, 5).half(), "returned torch.float16, expected torch.float32"),
        (torch.zeros(3, 5, device="meta"), "returned a tensor on meta, expected cpu"),
    ],
)
def test_what_is_no_output_of_the_case_is_told_by_what_came_and_what_was_expected(got: torch.Tensor, says: str) -> None:
    assert compare(got, torch.zeros(3, 5).double(), Tolerance(1e-6), torch.float32).detail == says


def test_a_size_that_is_known_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: torch.Tensor) -> float:
        raise AssertionError("worked out")

    got, want = torch.tensor([1.5, 1.0]), torch.tensor([1.0, 1.0]).double()
    assert not compare(got, want, Tolerance(0.0, 0.25), torch.float32).passed
    monkeypatch.setattr(check, "rms", none)
    assert compare(got, want, Tolerance(0.0, 0.25), torch.float32, scale=2.0).passed
    assert not compare(got, want, Tolerance(0.0, 0.25), torch.float32, scale=1.75).passed
    assert not compare(got, want, Tolerance(0.25), torch.float32).passed, "of a relative tolerance no size is needed"


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ([], 0.0),
        ([math.nan, math.inf], 0.0),
        ([3.0], 3.0),
        ([3.0, 4.0, math.nan], math.sqrt(12.5)),
        ([0.0, -2.0], 2**0.5),
    ],
)
def test_the_size_of_a_reference_is_that_of_its_finite_elements(values: list[float], size: float) -> None:
    assert rms(torch.tensor(values, dtype=torch.float64)) == pytest.approx(size)
