"""Shifts, fields, permutations and tables, against Python's integers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..kernels import computed

WORDS = st.integers(0, 2**32 - 1)
DERANDOMIZED = settings(max_examples=5, deadline=None, derandomize=True)
COUNTS = [0, 1, 31, 32, 33, 63, 64, 65, 2**31, 2**32 - 1]


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_a_count_beyond_the_width_shifts_everything_out(bits: int) -> None:
    a = [(1 << bits) - 3] * len(COUNTS)
    mask = (1 << bits) - 1
    left = computed(f"shl.b{bits} {{d}}, {{0}}, {{1}};", f"b{bits}", (f"b{bits}", a), ("u32", COUNTS))
    assert left.tolist() == [x << min(by, 64) & mask for x, by in zip(a, COUNTS, strict=True)]
    right = computed(f"shr.u{bits} {{d}}, {{0}}, {{1}};", f"u{bits}", (f"u{bits}", a), ("u32", COUNTS))
    assert right.tolist() == [x >> min(by, 64) for x, by in zip(a, COUNTS, strict=True)]
    signed = computed(f"shr.s{bits} {{d}}, {{0}}, {{1}};", f"s{bits}", (f"b{bits}", a), ("u32", COUNTS))
    assert signed.tolist() == [-3 >> min(by, 64) for by in COUNTS]


@DERANDOMIZED
@given(WORDS, WORDS)
def test_funnel_shifts_take_their_half_of_both_words(a: int, b: int) -> None:
    counts = [0, 1, 31, 32, 33, 40, 2**32 - 1]
    operands = ("b32", [a] * 7), ("b32", [b] * 7), ("u32", counts)
    both = b << 32 | a
    limits: dict[str, Callable[[int], int]] = {"clamp": lambda by: min(by, 32), "wrap": lambda by: by % 32}
    for mode, limit in limits.items():
        left = computed(f"shf.l.{mode}.b32 {{d}}, {{0}}, {{1}}, {{2}};", "b32", *operands)
        assert left.tolist() == [(both << limit(by)) >> 32 & 0xFFFFFFFF for by in counts]
        right = computed(f"shf.r.{mode}.b32 {{d}}, {{0}}, {{1}}, {{2}};", "b32", *operands)
        assert right.tolist() == [both >> limit(by) & 0xFFFFFFFF for by in counts]


@DERANDOMIZED
@given(WORDS, WORDS, WORDS)
def test_a_permutation_takes_bytes_or_their_signs(a: int, b: int, selector: int) -> None:
    content = a.to_bytes(4, "little") + b.to_bytes(4, "little")
    chosen = [selector >> 4 * place & 15 for place in range(4)]
    expected = bytes((255 if content[s & 7] & 128 else 0) if s & 8 else content[s & 7] for s in chosen)
    found = computed("prmt.b32 {d}, {0}, {1}, {2};", "b32", ("b32", [a]), ("b32", [b]), ("b32", [selector]))
    assert found.tolist() == [int.from_bytes(expected, "little")]


@pytest.mark.parametrize("kind", ["u32", "s32"])
def test_a_field_beyond_the_width_is_filled_with_zeros_or_the_sign(kind: str) -> None:
    value = 0b1011 << 28 | 0b110
    cases = [(start, length) for start in (0, 1, 28, 31, 32, 255) for length in (0, 1, 3, 4, 31, 32, 33, 255)]
    starts, lengths = [s for s, _ in cases], [n for _, n in cases]
    values = np.full(len(cases), value, np.uint32)
    found = computed(
        f"bfe.{kind} {{d}}, {{0}}, {{1}}, {{2}};", "b32", ("b32", values), ("u32", starts), ("u32", lengths)
    )
    extended = value - (1 << 32) if kind == "s32" else value
    expected = []
    for start, length in cases:
        field = extended >> start & ((1 << length) - 1)
        if kind == "s32" and length and extended >> min(start + length - 1, 31) & 1:
            field |= -1 << length
        expected.append(field & 0xFFFFFFFF)
    assert found.tolist() == expected


@DERANDOMIZED
@given(WORDS, WORDS, WORDS, st.integers(0, 255))
def test_a_table_of_eight_results_is_any_function_of_three_bits(a: int, b: int, c: int, table: int) -> None:
    found = computed(f"lop3.b32 {{d}}, {{0}}, {{1}}, {{2}}, {table};", "b32", ("b32", [a]), ("b32", [b]), ("b32", [c]))
    bits = [table >> ((a >> at & 1) << 2 | (b >> at & 1) << 1 | c >> at & 1) & 1 for at in range(32)]
    assert found.tolist() == [sum(bit << at for at, bit in enumerate(bits))]


@DERANDOMIZED
@given(st.integers(0, 2**64 - 1), st.integers(0, 70), st.integers(0, 70))
def test_an_inserted_field_leaves_the_rest(into: int, start: int, length: int) -> None:
    field = 0xA5A5_5A5A_1234_89AB
    found = computed(f"bfi.b64 {{d}}, {{0}}, {{1}}, {start}, {length};", "b64", ("b64", [field]), ("b64", [into]))
    mask = ((1 << length) - 1) << start & (1 << 64) - 1
    assert found.tolist() == [into & ~mask | field << start & mask]


@pytest.mark.parametrize("bits", [32, 64])
def test_bits_are_counted_and_turned_around(bits: int) -> None:
    a = [0, 1, 5, (1 << bits) - 1, 1 << (bits - 1)]
    kind = f"b{bits}"
    assert computed(f"popc.{kind} {{d}}, {{0}};", "u32", (kind, a)).tolist() == [x.bit_count() for x in a]
    assert computed(f"clz.{kind} {{d}}, {{0}};", "u32", (kind, a)).tolist() == [bits - x.bit_length() for x in a]
    turned = [int(f"{x:0{bits}b}"[::-1], 2) for x in a]
    assert computed(f"brev.{kind} {{d}}, {{0}};", kind, (kind, a)).tolist() == turned


def test_the_logical_not_is_one_of_zero_alone() -> None:
    assert computed("cnot.b32 {d}, {0};", "b32", ("b32", [0, 1, 0x80000000, 7])).tolist() == [1, 0, 0, 0]
