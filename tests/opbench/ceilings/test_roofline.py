"""The limit of a case, computed by hand on a machine of round figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.ceilings.roofline import limit, limit_of
from opbench.vocabulary.case import Axes
from opbench.vocabulary.work import Work

from .ceilings_builders import MACHINE, record, slower, work


@pytest.mark.parametrize(
    ("wanted", "seconds", "bound_by"),
    [
        (work(read=500), 500 / 400, "L1"),
        (work(written=500), 500 / 200, "L1"),
        (work(read=250, written=250), 500 / 500, "L1"),
        # 100 are copied into 100, the other 300 only written
        (work(read=100, written=400), 200 / 500 + 300 / 200, "L1"),
        (work(read=25_000, written=25_000), 50_000 / 160, "L2"),
        (work(written=1_000_000), 100_000.0, "DRAM"),
        (work(written=3_000_000), 300_000.0, "DRAM"),  # beyond the curve its last rate holds
        (work(macs=8_000, read=10), 8.0, "arithmetic"),
        (work(macs=1_000, products=7_000, read=10), 8.0, "arithmetic"),  # both take the same units on a CPU
        (work(products=3, read=10), 0.25, "launch"),
        (work(), 0.25, "launch"),
    ],
)
def test_the_slowest_resource_is_the_limit(wanted: Work, seconds: float, bound_by: str) -> None:
    found = limit(wanted, "float32", MACHINE)
    assert found is not None
    assert found.seconds == pytest.approx(seconds)
    assert found.bound_by == bound_by


def test_between_measured_sizes_the_rate_lies_on_a_line_in_logarithms() -> None:
    rate = MACHINE.bytes_per_s("read", 5_000)  # halfway between 500 and 50,000
    assert rate is not None
    assert rate.mid == pytest.approx((400 * 200) ** 0.5)


@pytest.mark.parametrize(("size", "level"), [(0, "L1"), (1_000, "L1"), (1_001, "L2"), (100_001, "DRAM")])
def test_a_working_set_belongs_to_the_smallest_level_that_holds_it(size: int, level: str) -> None:
    assert MACHINE.level(size) == level


def test_a_dtype_without_a_rate_in_registers_goes_by_its_matrix_rate_for_macs_only() -> None:
    macs, products = (limit(one, "bfloat16", MACHINE) for one in (work(macs=8_000), work(products=8_000)))
    assert macs is not None
    assert products is not None
    assert macs.arithmetic_s == pytest.approx(8_000 / 4_000)
    assert products.arithmetic_s == pytest.approx(8_000 / 1_000)


def test_a_cold_cache_means_memory_whatever_the_size() -> None:
    found = limit_of(record(work(read=100), 1.0, clock="cuda_events:cold"), MACHINE)
    assert found is not None
    assert found.level == "DRAM"
    assert found.memory_s == pytest.approx(100 / 20)


def test_what_is_gone_over_again_and_again_stays_in_its_level() -> None:
    found = limit_of(record(work(read=1_000_000), 1.0, sizes={"working_set_bytes": 500}), MACHINE)
    assert found is not None
    assert found.level == "L1"
    assert found.memory_s == pytest.approx(1_000_000 / 400)


def test_page_faults_are_priced_and_no_part_of_the_limit() -> None:
    found = limit_of(record(work(read=500), 9.0, 9.0, 9.0, faults=6), MACHINE)
    assert found is not None
    assert (found.allocation_s, found.bound_by, found.seconds) == (4.0, "allocation", 1.25)


def test_the_ends_of_the_ceilings_are_the_ends_of_the_limit() -> None:
    found = limit(work(read=500), "float32", slower(MACHINE, 2))
    assert found is not None
    assert (found.slowest_s, found.seconds, found.quickest_s) == (2.5, 1.25, 1.25)


@pytest.mark.parametrize(("missing", "known"), [("read", True), ("write", False), ("copy", False)])
def test_without_a_rate_that_it_needs_there_is_no_limit(missing: str, known: bool) -> None:
    """What writes more than it reads needs no rate of reading alone."""
    bandwidth = {kind: curve for kind, curve in MACHINE.bandwidth.items() if kind != missing}
    found = limit(work(read=3, written=7), "float32", replace(MACHINE, bandwidth=bandwidth))
    assert (found is not None) == known


def test_a_record_without_work_has_no_limit() -> None:
    assert limit_of(record(None, 1.0), MACHINE) is None


@pytest.mark.parametrize(("threads", "known"), [(0, True), (2, True), (1, False)])
def test_a_case_with_threads_of_its_own_is_held_against_ceilings_of_as_many(threads: int, known: bool) -> None:
    made = record(work(read=500), 9.0)
    point = replace(made.case.point, axes=Axes({"threads": threads}))
    found = limit_of(replace(made, case=replace(made.case, point=point)), MACHINE)
    assert (found is not None) == known
