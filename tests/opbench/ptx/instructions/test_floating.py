"""Arithmetic of floats: one rounding, of the kind named, against exact fractions."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ..kernels import computed

DERANDOMIZED = settings(max_examples=6, deadline=None, derandomize=True)
NUMPY: dict[str, Any] = {"f16": np.float16, "f32": np.float32, "f64": np.float64}
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    math.inf,
    -math.inf,
    math.nan,
    2.0**-149,
    -(2.0**-140),
    2.0**-126,
    3.4028234663852886e38,
]


def exactly_rounded(exact: Fraction, kind: str, mode: str) -> Any:
    """The number of that type that the mode gives for a fraction that is not 0: looked for among its neighbours."""
    near = NUMPY[kind](float(exact))
    around = [np.nextafter(near, NUMPY[kind](-np.inf)), near, np.nextafter(near, NUMPY[kind](np.inf))]
    numbers = [each for each in around if np.isfinite(each)]
    below = max((each for each in numbers if Fraction(float(each)) <= exact), default=None)
    above = min((each for each in numbers if Fraction(float(each)) >= exact), default=None)
    if mode == "rm" or (mode == "rz" and exact > 0):
        return below
    if mode in {"rp", "rz"}:
        return above
    assert below is not None
    assert above is not None
    low, high = exact - Fraction(float(below)), Fraction(float(above)) - exact
    if low == high:
        width = {2: np.uint16, 4: np.uint32, 8: np.uint64}[near.itemsize]
        return below if not int(below.view(width)) & 1 else above
    return below if low < high else above


def floats(bits: Literal[32, 64]) -> st.SearchStrategy[float]:
    return st.floats(width=bits, allow_nan=False, allow_infinity=False, min_value=-(2.0**60), max_value=2.0**60)


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
def test_fused_multiplication_rounds_once_as_named(kind: str, mode: str) -> None:
    width = floats(32 if kind == "f32" else 64)

    @DERANDOMIZED
    @given(st.lists(st.tuples(width, width, width), min_size=1, max_size=23))
    def check(numbers: list[tuple[float, float, float]]) -> None:
        operands = [(kind, list(each)) for each in zip(*numbers, strict=True)]
        found = computed(f"fma.{mode}.{kind} {{d}}, {{0}}, {{1}}, {{2}};", kind, *operands)
        for (a, b, c), result in zip(numbers, found, strict=True):
            exact = Fraction(a) * Fraction(b) + Fraction(c)
            if abs(exact) > Fraction(2) ** -120:
                assert result == exactly_rounded(exact, kind, mode)

    check()


def test_a_fused_product_that_cancels_keeps_what_two_roundings_lose() -> None:
    a = 1 + 2.0**-23
    found = computed("fma.rn.f32 {d}, {0}, {0}, {1};", "f32", ("f32", [a]), ("f32", [-(1 + 2.0**-22)]))
    assert found.tolist() == [2.0**-46]
    b = 1 + 2.0**-52
    found = computed("fma.rn.f64 {d}, {0}, {0}, {1};", "f64", ("f64", [b]), ("f64", [-(1 + 2.0**-51)]))
    assert found.tolist() == [2.0**-104]


def test_fused_float64_is_exact_where_products_overflow_and_vanish() -> None:
    a, b, c = [2.0**1000, 2.0**-1000, 2.0**-540], [2.0**1000, 2.0**-1000, 2.0**-540], [-math.inf, 1.0, 2.0**-1074]
    found = computed("fma.rn.f64 {d}, {0}, {1}, {2};", "f64", ("f64", a), ("f64", b), ("f64", c))
    assert found.tolist() == [-math.inf, 1.0, 2.0**-1074]
    up = computed("fma.rp.f64 {d}, {0}, {1}, {2};", "f64", ("f64", a), ("f64", b), ("f64", c))
    assert up.tolist() == [-math.inf, 1.0 + 2.0**-52, 2.0**-1073]


@pytest.mark.parametrize("mode", ["rz", "rm", "rp"])
@pytest.mark.parametrize("opcode", ["add", "sub", "mul"])
def test_sums_and_products_are_rounded_in_the_direction_named(opcode: str, mode: str) -> None:
    a, b = [1.0, -1.0, 1.0, 3.4028234663852886e38], [2.0**-30, 2.0**-30, -(2.0**-30), 2.0**100]
    if opcode == "mul":
        a, b = [1 + 2.0**-23, -(1 + 2.0**-23), 0.1, 5.0], [1 + 2.0**-23, 1 + 2.0**-23, 0.1, 7.0]
    rule = {"add": Fraction.__add__, "sub": Fraction.__sub__, "mul": Fraction.__mul__}[opcode]
    single = [float(np.float32(each)) for each in a], [float(np.float32(each)) for each in b]
    found = computed(f"{opcode}.{mode}.f32 {{d}}, {{0}}, {{1}};", "f32", ("f32", single[0]), ("f32", single[1]))
    for at in range(3 + (opcode == "mul")):
        exact = rule(Fraction(single[0][at]), Fraction(single[1][at]))
        assert found[at] == exactly_rounded(exact, "f32", mode), at


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize("opcode", ["add", "sub", "mul"])
def test_sums_and_products_of_float64_are_rounded_once_in_the_direction_named(opcode: str, mode: str) -> None:
    a, b = [1.0, -1.0, 1.0, -3.0, 0.1], [2.0**-60, 2.0**-60, -(2.0**-60), -(2.0**-60), 0.1]
    rule = {"add": Fraction.__add__, "sub": Fraction.__sub__, "mul": Fraction.__mul__}[opcode]
    if opcode == "mul":
        a, b = [1 + 2.0**-52, -(1 + 2.0**-52), 0.1, -0.1, 3.0], [1 + 2.0**-52, 1 + 2.0**-52, 0.1, 0.3, 7.0]
    found = computed(f"{opcode}.{mode}.f64 {{d}}, {{0}}, {{1}};", "f64", ("f64", a), ("f64", b))
    for one, other, result in zip(a, b, found, strict=True):
        assert result == exactly_rounded(rule(Fraction(one), Fraction(other)), "f64", mode), (one, other)


@pytest.mark.parametrize(("mode", "overflowed"), [("rz", sys.float_info.max), ("rn", math.inf), ("rp", math.inf)])
def test_a_fused_float64_beyond_all_numbers_ends_where_its_direction_says(mode: str, overflowed: float) -> None:
    a, b, c = [2.0**1000, -1.0], [2.0**1000, 1.0], [1.0, 1.0]
    found = computed(f"fma.{mode}.f64 {{d}}, {{0}}, {{1}}, {{2}};", "f64", ("f64", a), ("f64", b), ("f64", c))
    assert found.tolist() == [overflowed, 0.0]


@pytest.mark.parametrize(("mode", "expected"), [("rn", 0x3F80), ("rz", 0x3F80)])
def test_bfloat16_is_rounded_to_the_neighbour_that_the_direction_names(mode: str, expected: int) -> None:
    just_above = 1 + 2.0**-10  # neighbours are 1 and 1 + 2 ** -7
    found = computed(f"cvt.{mode}.bf16.f32 {{d}}, {{0}};", "bf16", ("f32", [just_above, -just_above, 0.0]))
    assert found.tolist() == [expected, 0x8000 | expected, 0]
    almost = 1 + 2.0**-7 - 2.0**-12
    rounded = computed(f"cvt.{mode}.bf16.f32 {{d}}, {{0}};", "bf16", ("f32", [almost, -almost]))
    up = mode == "rn"
    assert rounded.tolist() == [0x3F80 + up, 0xBF80 + up]


def test_towards_zero_nothing_overflows() -> None:
    largest = 3.4028234663852886e38
    assert computed("add.rz.f32 {d}, {0}, {0};", "f32", ("f32", [largest])).tolist() == [largest]
    assert computed("add.rn.f32 {d}, {0}, {0};", "f32", ("f32", [largest])).tolist() == [math.inf]
    assert computed("mul.rm.f32 {d}, {0}, {0};", "f32", ("f32", [-largest])).tolist() == [largest]


def test_flushing_makes_zeros_of_subnormal_operands_and_results() -> None:
    small, least = 2.0**-140, 2.0**-126
    a, b = [small, -small, least, least], [1.0, 1.0, 0.5, 1.0]
    kept = computed("mul.f32 {d}, {0}, {1};", "f32", ("f32", a), ("f32", b))
    assert kept.tolist() == [small, -small, least / 2, least]
    flushed = computed("mul.ftz.f32 {d}, {0}, {1};", "f32", ("f32", a), ("f32", b))
    assert flushed.tolist() == [0.0, -0.0, 0.0, least]
    assert np.signbit(flushed).tolist() == [False, True, False, False]


def test_saturation_ends_at_0_and_1_and_makes_0_of_nan() -> None:
    found = computed("add.sat.f32 {d}, {0}, {0};", "f32", ("f32", [0.25, 7.0, -1.0, math.nan, math.inf]))
    assert found.tolist() == [0.5, 1.0, 0.0, 0.0, 1.0]


def test_the_extreme_of_nan_and_a_number_is_the_number_unless_nan_is_asked_for() -> None:
    a, b = [math.nan, 1.0, math.nan, -0.0, 0.0], [2.0, math.nan, math.nan, 0.0, -0.0]
    for opcode, zero in (("min", -0.0), ("max", 0.0)):
        found = computed(f"{opcode}.f32 {{d}}, {{0}}, {{1}};", "f32", ("f32", a), ("f32", b))
        assert found[:2].tolist() == [2.0, 1.0]
        assert math.isnan(found[2])
        assert np.signbit(found[3:]).tolist() == [math.copysign(1, zero) < 0] * 2
        strict = computed(f"{opcode}.NaN.f32 {{d}}, {{0}}, {{1}};", "f32", ("f32", a), ("f32", b))
        assert np.isnan(strict[:3]).all()


@pytest.mark.parametrize("kind", ["bf16", "f16"])
def test_products_of_16_bits_are_those_of_pytorch(kind: str) -> None:
    dtype = torch.bfloat16 if kind == "bf16" else torch.float16
    values = torch.randn(97, generator=torch.Generator().manual_seed(0)).to(dtype)
    other = values.flip(0) * torch.tensor(3.0, dtype=dtype)
    bits = [each.view(torch.int16).numpy().view(np.uint16) for each in (values, other)]
    operands = [("b16", each) for each in bits]
    for opcode, expected in (("mul", values * other), ("add", values + other)):
        rounding = "" if opcode == "mul" else ".rn"
        found = computed(f"{opcode}{rounding}.{kind} {{d}}, {{0}}, {{1}};", "b16", *operands)
        assert torch.equal(torch.from_numpy(found.view(np.int16)).view(dtype), expected)


def test_pairs_are_computed_half_by_half() -> None:
    one, two = 0x3C00, 0x4000  # float16
    found = computed("add.f16x2 {d}, {0}, {1};", "b32", ("b32", [one << 16 | two]), ("b32", [one << 16 | one]))
    assert found.tolist() == [0x4000_4200]
    found = computed("fma.rn.bf16x2 {d}, {0}, {0}, {1};", "b32", ("b32", [0x3F80_4000]), ("b32", [0x3F80_3F80]))
    assert found.tolist() == [0x4000_40A0]


def test_functions_give_the_nearest_number_and_flush_where_they_say_so() -> None:
    x = np.array([0.3, 2.0, -1.25, 2.0**-140, -(2.0**-140), math.inf], np.float32)
    wide = x.astype(np.float64)
    found = computed("ex2.approx.f32 {d}, {0};", "f32", ("f32", x))
    assert found.tolist() == np.exp2(wide).astype(np.float32).tolist()
    with np.errstate(all="ignore"):
        expected = (1 / wide).astype(np.float32)
    assert computed("rcp.rn.f32 {d}, {0};", "f32", ("f32", x)).tolist() == expected.tolist()
    flushed = computed("rcp.approx.ftz.f32 {d}, {0};", "f32", ("f32", x))
    assert flushed[3:].tolist() == [math.inf, -math.inf, 0.0]
    coarse = computed("rcp.approx.ftz.f64 {d}, {0};", "f64", ("f64", [3.0, 7.0]))
    assert (coarse.view(np.uint64) & 0xFFFFFFFF).tolist() == [0, 0]
    assert np.allclose(coarse, [1 / 3, 1 / 7], rtol=2.0**-20)


def test_the_sign_is_copied_onto_the_second_operand() -> None:
    found = computed("copysign.f32 {d}, {0}, {1};", "f32", ("f32", [-1.0, 1.0]), ("f32", [3.0, -math.inf]))
    assert found.tolist() == [-3.0, math.inf]


def test_a_number_is_told_what_it_is() -> None:
    values = [1.0, 2.0**-140, 0.0, math.inf, math.nan]
    expected = {
        "finite": [1, 1, 1, 0, 0], "infinite": [0, 0, 0, 1, 0], "number": [1, 1, 1, 1, 0],
        "notanumber": [0, 0, 0, 0, 1], "normal": [1, 0, 0, 0, 0], "subnormal": [0, 1, 0, 0, 0],
    }  # fmt: skip
    for name, answers in expected.items():
        body = f"testp.{name}.f32 %p1, {{0}}; selp.b32 {{d}}, 1, 0, %p1;"
        assert computed(body, "b32", ("f32", values)).tolist() == answers, name


ONE, MINUS_TWO, HALF = 0x3F80, 0xC000, 0x3F00
"""As bfloat16."""


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("neg.bf16 {d}, {0};", [0xBF80, 0x4000, 0x8000]),
        ("abs.bf16 {d}, {0};", [ONE, 0x4000, 0]),
        ("min.bf16 {d}, {0}, {1};", [HALF, MINUS_TWO, 0]),
        ("max.bf16 {d}, {0}, {1};", [ONE, HALF, HALF]),
        ("add.rn.bf16 {d}, {0}, {1};", [0x3FC0, 0xBFC0, HALF]),
        ("mul.rn.bf16 {d}, {0}, {1};", [HALF, 0xBF80, 0]),
    ],
)
def test_bfloat16_is_computed_as_the_number_that_its_bits_are(instruction: str, expected: list[int]) -> None:
    operands = [("bf16", [ONE, MINUS_TWO, 0]), ("bf16", [HALF, HALF, HALF])]
    assert computed(instruction, "bf16", *operands).tolist() == expected
