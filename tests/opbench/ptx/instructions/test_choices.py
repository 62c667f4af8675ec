"""Comparisons, with NaN, and what is chosen by them."""

from __future__ import annotations

import math
import operator

import pytest

from opbench.errors import UsageError

from ..kernels import computed

RULES = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
NUMBERS = [(a, b) for a in (-1.0, -0.0, 0.0, 2.0, math.inf, math.nan) for b in (-1.0, 0.0, math.inf, math.nan)]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_a_nan_makes_ordered_comparisons_false_and_unordered_ones_true(name: str, kind: str) -> None:
    operands = (kind, [a for a, _ in NUMBERS]), (kind, [b for _, b in NUMBERS])
    for suffix, of_nan in (("", False), ("u", True)):
        body = f"setp.{name}{suffix}.{kind} %p1, {{0}}, {{1}}; selp.b32 {{d}}, 1, 0, %p1;"
        found = computed(body, "b32", *operands)
        expected = [of_nan if math.isnan(a) or math.isnan(b) else RULES[name](a, b) for a, b in NUMBERS]
        assert found.tolist() == [int(each) for each in expected]


def test_num_and_nan_ask_for_nans_alone() -> None:
    operands = ("f32", [1.0, math.nan]), ("f32", [2.0, 2.0])
    assert computed("setp.num.f32 %p1, {0}, {1}; selp.b32 {d}, 1, 0, %p1;", "b32", *operands).tolist() == [1, 0]
    assert computed("setp.nan.f32 %p1, {0}, {1}; selp.b32 {d}, 1, 0, %p1;", "b32", *operands).tolist() == [0, 1]


def test_the_sign_counts_in_signed_comparisons_only() -> None:
    operands = ("b32", [0xFFFFFFFF]), ("b32", [1])
    for name, expected in (("lt.s32", 1), ("lt.u32", 0), ("lo.u32", 0), ("hi.u32", 1)):
        assert computed(f"setp.{name} %p1, {{0}}, {{1}}; selp.b32 {{d}}, 1, 0, %p1;", "b32", *operands) == [expected]


def test_the_second_predicate_is_the_opposite_and_both_are_combined_with_the_third() -> None:
    a, b = ("s32", [1, 1, 2, 2]), ("s32", [0, 1, 0, 1])
    head = "setp.ne.s32 %p3, {1}, 0; setp.eq.and.s32 %p1|%p2, {0}, 1, %p3;"
    assert computed(f"{head} selp.b32 {{d}}, 1, 0, %p1;", "b32", a, b).tolist() == [0, 1, 0, 0]
    assert computed(f"{head} selp.b32 {{d}}, 1, 0, %p2;", "b32", a, b).tolist() == [0, 0, 0, 1]
    negated = head.replace("1, %p3", "1, !%p3")
    assert computed(f"{negated} selp.b32 {{d}}, 1, 0, %p1;", "b32", a, b).tolist() == [1, 0, 0, 0]


def test_set_gives_all_bits_or_1() -> None:
    operands = ("f32", [1.0, math.nan]), ("f32", [1.0, 1.0])
    assert computed("set.eq.u32.f32 {d}, {0}, {1};", "u32", *operands).tolist() == [2**32 - 1, 0]
    assert computed("set.eq.f32.f32 {d}, {0}, {1};", "f32", *operands).tolist() == [1.0, 0.0]


def test_slct_goes_by_the_sign_of_the_third() -> None:
    found = computed("slct.b32.f32 {d}, 7, 9, {0};", "b32", ("f32", [-1.0, 0.0, math.nan]))
    assert found.tolist() == [9, 7, 9]


def test_a_comparison_that_the_type_lacks_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"PTX line \d+: setp.ltu.s32 .*: comparison .ltu is not one of .s32"):
        computed("setp.ltu.s32 %p1, {0}, 1; mov.b32 {d}, 1;", "b32", ("s32", [1]))
