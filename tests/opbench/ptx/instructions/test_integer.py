"""Arithmetic of integers against Python's, which knows no width."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opbench.ptx.number_types import NUMPY

from ..kernels import computed

KINDS = "u16", "s16", "u32", "s32", "u64", "s64"
DERANDOMIZED = settings(max_examples=5, deadline=None, derandomize=True)


def limits(kind: str) -> tuple[int, int]:
    return int(np.iinfo(NUMPY[kind]).min), int(np.iinfo(NUMPY[kind]).max)


def wrapped(number: int, kind: str) -> int:
    bits = 8 * np.dtype(NUMPY[kind]).itemsize
    number &= (1 << bits) - 1
    return number - (1 << bits) if kind[0] == "s" and number >> (bits - 1) else number


def edges(kind: str) -> list[int]:
    low, high = limits(kind)
    return sorted({low, low + 1, -1, 0, 1, 7, high - 1, high} - ({-1} if kind[0] == "u" else set()))


def pairs(kind: str) -> tuple[list[int], list[int]]:
    return [a for a in edges(kind) for _ in edges(kind)], edges(kind) * len(edges(kind))


def quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


RULES: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul.lo": lambda a, b: a * b,
    "min": min,
    "max": max,
    "div": lambda a, b: quotient(a, b) if b else -1,
    "rem": lambda a, b: a - b * quotient(a, b) if b else a,
}


@pytest.mark.parametrize("kind", KINDS)
def test_arithmetic_wraps_at_the_width_of_its_type(kind: str) -> None:
    a, b = pairs(kind)
    for opcode, rule in RULES.items():
        found = computed(f"{opcode}.{kind} {{d}}, {{0}}, {{1}};", kind, (kind, a), (kind, b))
        assert found.tolist() == [wrapped(rule(x, y), kind) for x, y in zip(a, b, strict=True)], opcode


@pytest.mark.parametrize("kind", KINDS)
def test_the_upper_half_of_a_product_is_that_of_all_its_bits(kind: str) -> None:
    a, b = pairs(kind)
    bits = 8 * np.dtype(NUMPY[kind]).itemsize
    found = computed(f"mul.hi.{kind} {{d}}, {{0}}, {{1}};", kind, (kind, a), (kind, b))
    assert found.tolist() == [wrapped(x * y >> bits, kind) for x, y in zip(a, b, strict=True)]


@DERANDOMIZED
@given(st.lists(st.tuples(st.integers(*limits("s64")), st.integers(*limits("s64"))), min_size=1, max_size=7))
def test_the_upper_half_of_any_64_bit_product_is_right(numbers: list[tuple[int, int]]) -> None:
    a, b = [x for x, _ in numbers], [y for _, y in numbers]
    found = computed("mul.hi.s64 {d}, {0}, {1};", "s64", ("s64", a), ("s64", b))
    assert found.tolist() == [x * y >> 64 for x, y in numbers]


@pytest.mark.parametrize(("kind", "wide"), [("u16", "u32"), ("s16", "s32"), ("u32", "u64"), ("s32", "s64")])
def test_wide_products_keep_all_bits_and_mad_adds_in_the_wide_type(kind: str, wide: str) -> None:
    a, b = pairs(kind)
    found = computed(f"mul.wide.{kind} {{d}}, {{0}}, {{1}};", wide, (kind, a), (kind, b))
    assert found.tolist() == [x * y for x, y in zip(a, b, strict=True)]
    c = (edges(wide) * len(a))[: len(a)]
    found = computed(f"mad.wide.{kind} {{d}}, {{0}}, {{1}}, {{2}};", wide, (kind, a), (kind, b), (wide, c))
    assert found.tolist() == [wrapped(x * y + z, wide) for x, y, z in zip(a, b, c, strict=True)]


@pytest.mark.parametrize("kind", ["s16", "s32", "s64"])
def test_the_least_number_has_no_opposite(kind: str) -> None:
    a = edges(kind)
    assert computed(f"neg.{kind} {{d}}, {{0}};", kind, (kind, a)).tolist() == [wrapped(-x, kind) for x in a]
    assert computed(f"abs.{kind} {{d}}, {{0}};", kind, (kind, a)).tolist() == [wrapped(abs(x), kind) for x in a]
