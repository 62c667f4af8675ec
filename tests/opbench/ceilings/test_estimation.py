"""From rounds of records to ceilings: the best that was sustained."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import pytest

from opbench.ceilings import Level, Rate
from opbench.ceilings.estimation import estimate_ceilings, merge_same_levels
from opbench.errors import MachineError
from opbench.vocabulary.record import Record, Unavailable

from .ceilings_builders import record, work

SIZE = {"working_set_bytes": 64}


def read(*samples_s: float, replica: int = 0, backend: str = "a", size: int = 64) -> Record:
    made = record(
        work(read=1000), *samples_s, operator="memory_read", replica=replica, sizes={"working_set_bytes": size}
    )
    return replace(made, case=replace(made.case, backend=backend))


def test_the_best_round_is_the_ceiling_and_the_worst_its_low_end() -> None:
    found = estimate_ceilings([read(4.0, 4.0, 4.0), read(2.0, 2.0, 2.0, replica=1), read(5.0, 5.0, 5.0, replica=2)])
    rate = found.bandwidth["read"][64]
    assert (rate.low, rate.mid) == (200.0, 500.0)


def test_the_high_end_lies_as_far_above_the_best_round_as_the_middle_one_lies_below() -> None:
    found = estimate_ceilings([read(4.0, 4.0), read(2.0, 2.0, replica=1), read(5.0, 5.0, replica=2)])
    assert found.bandwidth["read"][64].high == 1000.0


def test_one_lucky_sample_in_many_is_the_high_end_and_not_the_ceiling() -> None:
    rate = estimate_ceilings([read(1.0, *[2.0] * 19)]).bandwidth["read"][64]
    assert (rate.mid, rate.high) == (500.0, 1000.0)


def test_of_two_backends_the_quicker_counts_in_each_round() -> None:
    records = [read(4.0, backend="a"), read(2.0, backend="b"), read(1.0, replica=1), read(8.0, replica=1, backend="b")]
    rate = estimate_ceilings(records).bandwidth["read"][64]
    assert (rate.low, rate.mid) == (500.0, 1000.0)


def test_sizes_ascend_whatever_order_they_came_in() -> None:
    found = estimate_ceilings([read(1.0, size=size) for size in (7, 1000, 61)])
    assert list(found.bandwidth["read"]) == [7, 61, 1000]


def test_a_smaller_working_set_is_never_slower_than_a_larger_one() -> None:
    """The middle one was measured while somebody else was busy."""
    records = [read(1.0, size=7), read(8.0, size=61), read(2.0, size=1000), read(4.0, size=10_007)]
    curve = estimate_ceilings(records).bandwidth["read"]
    assert [rate.mid for rate in curve.values()] == [1000.0, 500.0, 500.0, 250.0]
    assert curve[61].low == 125.0


def test_a_page_costs_what_its_faults_took() -> None:
    faults = record(work(written=1), 6.0, 6.0, 6.0, operator="fresh_pages", faults=9)
    assert estimate_ceilings([read(1.0), faults]).costs["page"].mid == 2.0


def test_a_cost_that_is_lower_is_better() -> None:
    calls = [record(work(), *times, operator="empty_call", replica=at) for at, times in enumerate([(3.0,), (2.0,)])]
    cost = estimate_ceilings([read(1.0), *calls]).costs["call"]
    assert (cost.low, cost.mid) == (3.0, 2.0)
    assert cost.high == pytest.approx(4 / 2.5)


def test_arithmetic_is_kept_by_dtype() -> None:
    chains = [record(work(macs=100), 1.0, operator="multiply_add", dtype=dtype) for dtype in ("float64", "float32")]
    rates = estimate_ceilings([read(1.0), *chains]).arithmetic["multiply_add"]
    assert list(rates) == ["float32", "float64"]


def test_other_operators_say_nothing_about_the_machine() -> None:
    with pytest.raises(MachineError, match="no bandwidth could be measured"):
        estimate_ceilings([record(work(read=100), 1.0, operator="cross_hadamard")])


def test_the_reasons_are_told_where_nothing_was_measured() -> None:
    refused = replace(read(1.0), outcome=Unavailable("no C++ compiler"))
    with pytest.raises(MachineError, match=r"no C\+\+ compiler"):
        estimate_ceilings([refused])


MIB = 1 << 20
LEVELS = (Level("L1", 1 * MIB), Level("L2", 4 * MIB), Level("L3", 100 * MIB), Level("DRAM", math.inf))


def curves(*rates: float) -> dict[str, dict[int, Rate]]:
    """Read and written at half a MiB, 2, 50 and 400 MiB."""
    sizes = (MIB // 2, 2 * MIB, 50 * MIB, 400 * MIB)
    curve = {size: Rate(rate, rate, rate) for size, rate in zip(sizes, rates, strict=True)}
    return {"read": curve, "write": dict(curve)}


def names(found: Iterable[Level]) -> list[str]:
    return [level.name for level in found]


def test_a_level_that_is_no_faster_than_the_next_is_that_one() -> None:
    """On a shared Xeon that tells 300 MiB, half of them and four times them had the same figures."""
    assert names(merge_same_levels(LEVELS, curves(400, 100, 33, 32))) == ["L1", "L2", "DRAM"]
    assert names(merge_same_levels(LEVELS, curves(400, 100, 60, 32))) == ["L1", "L2", "L3", "DRAM"]
    assert names(merge_same_levels(LEVELS, curves(33, 33, 33, 32))) == ["DRAM"]


def test_levels_that_differ_in_one_kind_are_two() -> None:
    found = curves(400, 100, 33, 32)
    found["write"][50 * MIB] = Rate(60, 60, 60)
    assert names(merge_same_levels(LEVELS, found)) == ["L1", "L2", "L3", "DRAM"]


def test_a_level_that_was_not_measured_is_kept() -> None:
    found = {"read": {400 * MIB: Rate(30, 30, 30)}}
    assert names(merge_same_levels(LEVELS, found)) == names(LEVELS)
