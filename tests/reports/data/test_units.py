"""Scaling happens here only, and rounding never shows through the prefix."""

from __future__ import annotations

import pytest

from reports.data import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 s"),
        (1.23456e-5, "12.3 µs"),
        (9.996e-4, "1.00 ms"),
        (0.9999, "1.00 s"),
        (5e-9, "5.00 ns"),
    ],
)
def test_durations_keep_three_digits_and_round_before_the_prefix_is_chosen(value: float, text: str) -> None:
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.50 KiB"),
        (1000 << 10, "0.977 MiB"),
        (1024**2 - 1, "1.00 MiB"),
        (3 << 30, "3.00 GiB"),
    ],
)
def test_sizes_are_powers_of_1024_and_single_bytes_are_exact(value: int, text: str) -> None:
    assert units.data_size(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999.9, "1.00 k"), (50_176_000, "50.2 M"), (2.5e12, "2.50 T")])
def test_quantities_are_powers_of_1000(value: float, text: str) -> None:
    assert units.quantity(value) == text


def test_a_range_says_its_unit_once_where_both_ends_have_the_same() -> None:
    assert units.seconds_between(3.6e-5, 3.71e-5) == "36.0 to 37.1 µs"
    assert units.seconds_between(9.9e-7, 1.1e-6) == "990 ns to 1.10 µs"


def test_ticks_lose_trailing_zeros_and_nothing_else() -> None:
    text = units.tick(units.seconds)
    assert [text(value) for value in (1e-5, 1.5e-5, 1e-4, 1.25e-3)] == ["10 µs", "15 µs", "100 µs", "1.25 ms"]
    assert [units.tick(units.factor)(value) for value in (0.98, 0.5, 1, 10, 100)] == [
        "0.98×",
        "0.5×",
        "1×",
        "10×",
        "100×",
    ]


def test_shares_have_two_digits() -> None:
    assert [units.percent(share) for share in (0.01234, 0.5, 1.0)] == ["1.2 %", "50 %", "100 %"]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.02249, "0.0225"), (43.44, "43.4"), (999.7, "1000"), (3347, "3350")]
)
def test_a_number_has_three_digits_and_nothing_else(value: float, text: str) -> None:
    assert units.number(value) == text
