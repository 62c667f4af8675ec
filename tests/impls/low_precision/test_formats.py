"""Every format does to every number what its definition says, and stores what it computes with."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from impls.low_precision.formats.floats import E2M1, E4M3, E5M2, FloatElement
from impls.low_precision.formats.integers import Integers
from impls.low_precision.formats.microscaling import Microscaling
from impls.low_precision.formats.names import FORMATS, format_of
from impls.low_precision.formats.stored import Stored
from opbench.errors import UsageError

from .definitions import POSITIVE, integers, microscaled, nearest

ELEMENTS = {"mxfp4": E2M1, "mxfp8_e4m3": E4M3, "mxfp8_e5m2": E5M2}
COLUMNS = (0, 1, 31, 32, 33, 67)
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def both_signs(values: list[float]) -> torch.Tensor:
    return torch.tensor(values + [-value for value in values])


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_code_stands_for_the_specifications_value(name: str) -> None:
    element, positive = ELEMENTS[name], POSITIVE[name]
    codes = torch.arange(2**element.bits, dtype=torch.int16).to(torch.uint8)
    want = both_signs(list(positive))
    torch.testing.assert_close(element.decoded(codes), want, rtol=0, atol=0, equal_nan=True)
    finite = torch.isfinite(want)
    assert torch.equal(element.encoded(want[finite]), codes[finite])
    assert torch.equal(element.rounded(want[finite]), want[finite])


@pytest.mark.parametrize("name", ELEMENTS)
def test_between_two_elements_the_nearer_is_taken_and_at_the_middle_the_even_one(name: str) -> None:
    element, positive = ELEMENTS[name], [one for one in POSITIVE[name] if math.isfinite(one)]
    middles = [(low + high) / 2 for low, high in pairwise(positive)]
    beside = torch.tensor(middles)
    values = torch.cat([beside, beside.nextafter(torch.tensor(0.0)), beside.nextafter(torch.tensor(math.inf))])
    values = torch.cat([values, -values, both_signs([1.01 * positive[-1], 1e30, 2.0**-149])])
    want = [float(nearest(Fraction(value), positive)) for value in values.tolist()]
    assert element.rounded(values).tolist() == want


@pytest.mark.parametrize("name", ELEMENTS)
@settings(max_examples=60)
@given(row=st.lists(NUMBERS, max_size=40))
def test_blocks_are_quantised_as_defined(name: str, row: list[float]) -> None:
    assert FORMATS[name].rounded(torch.tensor(row)).tolist() == microscaled(row, POSITIVE[name])


@settings(max_examples=60)
@given(row=st.lists(NUMBERS, max_size=40), bits=st.sampled_from([2, 4, 8]), block=st.sampled_from([0, 1, 32]))
def test_integers_are_quantised_as_defined(row: list[float], bits: int, block: int) -> None:
    found = Integers(bits, block).rounded(torch.tensor(row))
    assert found.isfinite().all()
    assert found.tolist() == integers(row, bits, block)


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_largest_number_stays_finite(bits: int) -> None:
    most = torch.finfo(torch.float32).max
    kept, x = Integers(bits), torch.tensor([[most, 1.0, -most]])
    for found in (kept.rounded(x), kept.restored(kept.stored(x))):
        assert found.isfinite().all()
        assert found.tolist() == [integers(x[0].tolist(), bits)]


def test_every_code_of_an_integer_and_every_middle_of_two_is_rounded_to_even() -> None:
    halves = torch.arange(-254, 255) / 2
    assert Integers(8).rounded(halves).tolist() == [float(round(value)) for value in halves.tolist()]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("columns", COLUMNS)
def test_what_is_stored_is_what_is_computed_with(name: str, columns: int) -> None:
    kept = FORMATS[name]
    x = torch.randn(3, columns, generator=torch.Generator().manual_seed(columns)) * 10
    x[1] = 0
    stored = kept.stored(x)
    assert torch.equal(kept.restored(stored), kept.rounded(x))
    each = getattr(kept, "bits_each", 0) or ELEMENTS[name].bits
    of_scales = sum(8 * one.element_size() for one in stored.scales.flatten())
    assert kept.bits(3, columns) == each * stored.codes.numel() + of_scales
    assert kept.rounded(x.bfloat16()).tolist() == kept.rounded(x.bfloat16().float()).tolist()


def test_a_byte_of_scale_is_an_exponent_and_its_last_code_no_number() -> None:
    kept = FORMATS["mxfp4"]
    x = torch.tensor([[6.0], [7.9], [2.0**127], [0.0], [2.0**-126]])
    stored = kept.stored(x)
    assert stored.scales.flatten().tolist() == [127, 127, 252, 0, 0]
    assert kept.rounded(x).flatten().tolist() == [6.0, 6.0, 2.0**127, 0.0, 2.0**-126]
    spoilt = Stored(stored.codes, torch.full_like(stored.scales, 255))
    assert kept.restored(spoilt).isnan().all()
    assert Microscaling(E5M2).restored(Stored(torch.tensor([[0x7C]]), torch.tensor([[127]]))).tolist() == [[math.inf]]


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_no_number_or_no_float_is_refused(name: str) -> None:
    x = torch.zeros(2, 3)
    x[1, 2], x[1, 1] = math.nan, -math.inf
    with pytest.raises(ValueError, match=r"x is -inf at \(1, 1\), one of 2 such; expected finite numbers"):
        FORMATS[name].rounded(x)
    with pytest.raises(TypeError, match=r"x is torch.float64; expected float32, float16 or bfloat16"):
        FORMATS[name].stored(torch.zeros(3, dtype=torch.float64))
    with pytest.raises(ValueError, match="x has no axis"):
        FORMATS[name].rounded(torch.tensor(1.0))


@pytest.mark.parametrize("name", FORMATS)
def test_stochastic_rounding_keeps_elements_and_is_right_on_average(name: str) -> None:
    kept, random = FORMATS[name], torch.Generator().manual_seed(3)
    x = torch.randn(1, 33, generator=random)
    x[0, 0], x[0, 32] = 4.0, 4.0  # so that nothing saturates: the scale is the same power of two for both blocks
    exact = kept.rounded(x)
    assert torch.equal(kept.rounded(exact, random), exact)
    drawn = kept.rounded(x.expand(4096, -1), random)
    for column in range(33):
        values = sorted(set(drawn[:, column].tolist()))
        assert len(values) <= 2
        assert min(values) <= float(x[0, column]) <= max(values) or len(values) == 1
    spread = drawn.std(0) / 64
    assert ((drawn.mean(0) - x[0]).abs() <= 4.5 * spread + 1e-6).all()


def test_the_last_bit_decides_which_draw_goes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = torch.tensor([0.0, 0.249, 0.25, 0.999])
    monkeypatch.setattr(torch, "rand", lambda *_, **__: draws)
    assert FloatElement(2, 1, 6.0).rounded(torch.full((4,), 1.125), torch.Generator()).tolist() == [1.5, 1.5, 1.0, 1.0]


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="no format 'mxfp6' of low precision"):
        format_of("mxfp6")
