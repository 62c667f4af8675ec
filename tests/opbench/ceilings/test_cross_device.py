"""A device predicted from another: exact where a backend makes as much of both, off by what it makes more or less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.ceilings.cross_device import DevicePair, device_pairs
from opbench.vocabulary.record import Failed, Measured, Record
from tests.fleet import A100, CPU, H200, Device, case, told_apart

SIZES = (3, 17, 64, 301)


def pairs_of(*records: Record) -> dict[tuple[str, str], DevicePair]:
    return {(pair.source, pair.target): pair for pair in device_pairs(told_apart(records))}


def of_sizes(on: Device) -> list[Record]:
    return [case(on, channels=size) for size in SIZES]


def test_a_backend_that_makes_as_much_of_every_device_is_predicted_exactly_from_each() -> None:
    pairs = pairs_of(*of_sizes(H200), *of_sizes(A100), *of_sizes(CPU))
    names = (H200.name, A100.name, CPU.name)
    assert list(pairs) == [(one, other) for one in names for other in names if one != other]
    for pair in pairs.values():
        assert [one.point.axes["channels"] for one in pair.predictions] == list(SIZES)
        assert [one.error for one in pair.predictions] == pytest.approx([0.0] * len(SIZES), abs=1e-9)


def test_one_that_needs_twice_the_instructions_there_is_expected_to_be_quicker_by_those() -> None:
    pairs = pairs_of(case(H200, channels=301), case(A100, beyond=40.0, channels=301))
    (there,) = pairs[H200.name, A100.name].predictions
    roof_s, arithmetic_s = there.limit.roof_s, there.limit.arithmetic_s
    assert there.expected_s == pytest.approx(3e-6 + roof_s + 20 * arithmetic_s)
    assert there.measured_s == pytest.approx(3e-6 + roof_s + 40 * arithmetic_s)
    (back,) = pairs[A100.name, H200.name].predictions
    assert back.unscaled_s == there.measured_s
    assert back.expected_s == pytest.approx(2e-6 + back.limit.roof_s + 40 * back.limit.arithmetic_s)


def test_only_what_both_measured_with_a_limit_is_held_against_anything() -> None:
    here = [case(H200, channels=size) for size in (3, 17, 64)]
    failed = replace(case(A100, channels=3), outcome=Failed("check", "no"))
    without = replace(case(A100, channels=17), limit=None)
    other = replace(case(A100, channels=64), case=replace(case(A100, channels=64).case, backend="triton_jit"))
    assert pairs_of(*here, failed, without, other) == {}
    assert pairs_of(*here) == {}
    assert device_pairs([]) == []
    assert len(pairs_of(*here, failed, without, case(A100, channels=64))) == 2


def test_between_devices_of_one_sort_clocks_are_the_same_and_else_each_ones_usual_one() -> None:
    graph = "cuda_graph:warm"
    gpus = [
        case(on, "torch_eager", beyond, clock, channels=301)
        for on, beyond, clock in ((H200, 20.0, ""), (H200, 999.0, graph), (A100, 999.0, graph))
    ]
    pairs = pairs_of(*gpus, case(CPU, channels=301))
    (there,) = pairs[H200.name, A100.name].predictions
    assert there.point.clock == graph
    assert there.error == pytest.approx(0.0, abs=1e-9)  # from what the graph's clock said
    (on_cpu,) = pairs[H200.name, CPU.name].predictions
    assert on_cpu.error == pytest.approx(0.0, abs=1e-9)  # from the events'
    assert (A100.name, CPU.name) not in pairs


def test_the_hosts_part_of_a_gpus_split_is_not_carried_over_whatever_the_device_is_called() -> None:
    """Its clock hides what the host does: 900 us of dispatch are in no latency of 6 us."""
    here = case(H200)
    assert isinstance(here.outcome, Measured)
    split = replace(here, outcome=replace(here.outcome, split={"dispatch": 9e-4, "elementwise": 1e-6}))
    (there,) = pairs_of(split, case(A100))[H200.name, A100.name].predictions
    assert there.error == pytest.approx(0.0, abs=1e-9)


def test_what_a_cpus_split_says_is_no_work_goes_by_the_price_of_a_call() -> None:
    here = case(CPU, channels=64)
    assert isinstance(here.outcome, Measured)
    assert here.limit is not None
    took = here.outcome.interval.mid
    split = replace(here, outcome=replace(here.outcome, split={"dispatch": took - 1e-6, "elementwise": 1e-6}))
    (there,) = pairs_of(split, case(A100, channels=64))[CPU.name, A100.name].predictions
    roofline = there.limit.roof_s / here.limit.roof_s  # what is left is quicker than the CPU's roofline
    assert there.expected_s == pytest.approx(3 * (took - 1e-6) + roofline * 1e-6)


def test_nothing_is_expected_to_be_quicker_than_the_other_device_can_be() -> None:
    """An H200 that was faster than its own roofline, as where caches were warmer than anybody knew."""
    (there, *_) = pairs_of(case(H200, beyond=-5.0, channels=301), case(A100, channels=301))[
        H200.name, A100.name
    ].predictions
    assert there.expected_s == there.limit.seconds
