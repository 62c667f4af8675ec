"""Exact statements, held against every deal written out: what is counted cleverly is what counting gives."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opbench.gate.stats.rank_test import (
    Differences,
    critical_pairs,
    dropped_pairs,
    holm,
    smallest_p,
    u_distribution,
)

SIZES = [(base, head) for base in range(1, 6) for head in range(1, 6)]


def larger(base: Iterable[float], head: Iterable[float]) -> int:
    """Pairs in which head is the larger."""
    return sum(new > old for old, new in itertools.product(base, head))


def p_slower(base: Sequence[float], head: Sequence[float]) -> float:
    return Differences.of(base, head).p_slower


def deals(base: int, head: int) -> Counter[int]:
    """How often each number of such pairs comes up over every way to deal out the ranks."""
    ranks = range(base + head)
    return Counter(
        larger(chosen, [rank for rank in ranks if rank not in chosen]) for chosen in itertools.combinations(ranks, base)
    )


@pytest.mark.parametrize(("base", "head"), SIZES)
def test_every_deal_is_counted_once(base: int, head: int) -> None:
    counted = deals(base, head)
    assert u_distribution(base, head) == tuple(counted[u] for u in range(base * head + 1))
    assert sum(u_distribution(base, head)) == math.comb(base + head, base)


@pytest.mark.parametrize(("base", "head"), SIZES)
def test_p_is_the_share_of_deals_with_as_many_pairs_or_more(base: int, head: int) -> None:
    counted = deals(base, head)
    values = [float(rank) for rank in range(base + head)]
    for chosen in itertools.combinations(values, base):
        rest = [value for value in values if value not in chosen]
        more = sum(count for pairs, count in counted.items() if pairs >= larger(chosen, rest))
        assert p_slower(chosen, rest) == more / math.comb(base + head, base)
    assert p_slower(values[:base], values[base:]) == smallest_p(base, head) == 1 / math.comb(base + head, base)
    assert p_slower(values[head:], values[:head]) == 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=7), st.lists(st.integers(0, 9), min_size=1, max_size=7))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_that_head_is_faster_is_as_likely_as_that_base_is_slower(base: list[float], head: list[float]) -> None:
    assert Differences.of(base, head).p_faster == p_slower(head, base)


def test_a_tie_counts_for_base() -> None:
    assert p_slower([1.0], [1.0]) == 1
    assert p_slower([1.0, 2.0], [2.0, 3.0]) == p_slower([1.0, 2.5], [2.0, 3.0]) > p_slower([1.0, 2.0], [2.5, 3.0])


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], []), ([], [])])
def test_an_empty_side_says_so(sides: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match=f"{len(sides[0])} base and {len(sides[1])} head values: each side needs"):
        Differences.of(*sides)


@pytest.mark.parametrize(("base", "head"), SIZES)
def test_the_critical_pairs_are_the_fewest_whose_p_is_small_enough(base: int, head: int) -> None:
    counts, total = u_distribution(base, head), math.comb(base + head, base)
    shares = [sum(counts[pairs:]) / total for pairs in range(base * head + 1)]
    for p in (*shares, 1.0, 0.5, 0.1):
        fitting = [pairs for pairs, share in enumerate(shares) if share <= p * (1 + 1e-9)]
        if fitting:
            assert critical_pairs(base, head, p) == fitting[0]
            continue
        with pytest.raises(ValueError, match=f"no deal of {base} and {head} has so small a p as {p:.3g}"):
            critical_pairs(base, head, p)


def test_no_count_has_a_smaller_p_than_complete_separation() -> None:
    assert critical_pairs(6, 6, 1 / 924) == 36
    with pytest.raises(ValueError, match=r"no deal of 6 and 6 has so small a p as 0\.001: 0\.00108 is least"):
        critical_pairs(6, 6, 1e-3)


@pytest.mark.parametrize(("base", "head"), [(3, 3), (5, 5), (5, 7), (6, 6), (1, 1), (2, 9)])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_an_interval_leaves_out_as_much_as_its_confidence_allows_and_no_more(
    base: int, head: int, confidence: float
) -> None:
    counts, total = u_distribution(base, head), math.comb(base + head, base)
    dropped, attained = dropped_pairs(base, head, confidence)
    outside = sum(counts[: dropped + 1])
    assert attained == pytest.approx(1 - 2 * outside / total)
    assert 2 * (outside + counts[dropped + 1]) > (1 - confidence) * total, "a narrower one would do"
    assert attained >= confidence or dropped == 0, "the widest there is, where none is sure enough"


def test_confidence_that_is_attained_exactly_is_enough() -> None:
    """Of 2 and 2 in six deals: leaving out one difference at each end leaves out two deals of six at each."""
    assert [dropped_pairs(2, 2, confidence)[0] for confidence in (1 - 4 / 6, 1 - 4 / 6 + 1e-6)] == [1, 0]


def test_the_shift_is_the_median_of_all_differences_and_lies_in_its_interval() -> None:
    base, head = [1.0, 2.0, 4.0, 8.0, 16.0], [1.5, 3.0, 6.0, 12.0, 23.0]
    differences = sorted(new - old for old, new in itertools.product(base, head))
    assert Differences.of(base, head).middle == differences[12]
    for confidence in (0.5, 0.9, 0.99):
        low, high, attained = Differences.of(base, head).interval(confidence)
        dropped = dropped_pairs(5, 5, confidence)[0]
        assert (low, high) == (differences[dropped], differences[-1 - dropped])
        assert attained == dropped_pairs(5, 5, confidence)[1]


@pytest.mark.parametrize(
    ("p_values", "level", "fallen"),
    [
        ([], 0.05, []),
        ([0.05], 0.05, [True]),
        ([0.051], 0.05, [False]),
        ([0.02, 0.03], 0.05, [True, True]),
        ([0.03, 0.03], 0.05, [False, False]),
        ([0.04, 0.02], 0.05, [True, True]),
        ([0.06, 0.02], 0.05, [False, True]),
        ([0.03, 0.01, 0.02], 0.06, [True, True, True]),
        ([0.04, 0.02, 0.03], 0.06, [True, True, True]),
        ([0.04, 0.021, 0.03], 0.06, [False, False, False]),
        ([0.01, 0.9, 0.04, 0.012], 0.04, [True, False, False, True]),
    ],
)
def test_hypotheses_fall_one_after_another_until_one_stands(
    p_values: list[float], level: float, fallen: list[bool]
) -> None:
    """Holm's own steps, by hand: level / 3, level / 2, level."""
    assert holm(p_values, level) == fallen


@given(st.lists(st.floats(0, 1), max_size=7), st.floats(0.001, 0.5))
@settings(derandomize=True, database=None, deadline=None)
def test_what_falls_does_not_depend_on_the_order(p_values: list[float], level: float) -> None:
    fallen = holm(p_values, level)
    turned = holm(p_values[::-1], level)[::-1]
    if len(set(p_values)) == len(p_values):
        assert fallen == turned
    assert all(fell for p, fell in zip(p_values, fallen, strict=True) if p <= level / len(p_values))
    assert not any(fell for p, fell in zip(p_values, fallen, strict=True) if p > level)
