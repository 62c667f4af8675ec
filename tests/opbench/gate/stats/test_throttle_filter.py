from __future__ import annotations

from collections.abc import Callable

import pytest

from opbench.gate.samples import Slice, StageSamples
from opbench.gate.stats.throttle_filter import THROTTLED, drop_throttled, in_cycles, usual_hz

WORKERS = 4
USUAL_HZ = 1980e6
SLOW_HZ = 0.9 * USUAL_HZ

Clock = Callable[[int, int], float | None]


def measured(rounds: int, clock_hz: Clock) -> StageSamples:
    """Every worker's slice in every round, its clock given by round and worker."""
    slices = [
        Slice(worker, number, worker, 0.0, 1, (1e-5, 2e-5), 0.0, 0, clock_hz(number, worker))
        for number in range(rounds)
        for worker in range(WORKERS)
    ]
    return StageSamples(
        "bench", "screen", {worker: "base" if worker % 2 else "head" for worker in range(WORKERS)}, slices
    )


def slowed(*rounds: int, worker: int = 1, to_hz: float = SLOW_HZ) -> Clock:
    return lambda number, which: to_hz if number in rounds and which == worker else USUAL_HZ


def test_a_steady_clock_discards_nothing_and_says_nothing() -> None:
    samples = measured(20, slowed())
    filtered = drop_throttled(samples)
    assert (filtered.samples, filtered.discarded, filtered.problem, filtered.note) == (samples, (), None, None)


def test_a_throttled_round_goes_whole_so_that_sides_stay_equal() -> None:
    filtered = drop_throttled(measured(20, slowed(3, 7)))
    assert filtered.discarded == (3, 7)
    assert filtered.problem is None
    assert {turn.round for turn in filtered.samples.slices} == set(range(20)) - {3, 7}
    assert len(filtered.samples.slices) == 18 * WORKERS


def test_the_limit_itself_is_not_throttled() -> None:
    assert drop_throttled(measured(20, slowed(3, to_hz=THROTTLED * USUAL_HZ))).discarded == ()
    assert drop_throttled(measured(20, slowed(3, to_hz=0.999 * THROTTLED * USUAL_HZ))).discarded == (3,)


def test_a_quarter_of_the_rounds_may_go_and_no_more() -> None:
    assert drop_throttled(measured(20, slowed(*range(5)))).discarded == (0, 1, 2, 3, 4)
    samples = measured(20, slowed(*range(9)))
    filtered = drop_throttled(samples)
    assert filtered.problem == "throttled: clock under 95 % of its usual 1,980 MHz in 9 of 20 rounds"
    assert (filtered.samples, filtered.discarded) == (samples, ())
    assert drop_throttled(measured(20, slowed(*range(6)))).problem is not None


@pytest.mark.parametrize(("rounds", "slow", "goes"), [(3, 1, True), (3, 2, False), (1, 1, False), (2, 1, True)])
def test_few_rounds_may_lose_one_but_never_all(rounds: int, slow: int, goes: bool) -> None:
    filtered = drop_throttled(measured(rounds, slowed(*range(slow))))
    assert (filtered.problem is None) == goes
    assert len(filtered.samples.slices) == (rounds - slow if goes else rounds) * WORKERS


def test_the_usual_clock_of_the_whole_run_shows_what_a_throttled_stretch_hides() -> None:
    samples = measured(3, lambda *_: SLOW_HZ)
    assert drop_throttled(samples).problem is None
    assert (
        drop_throttled(samples, USUAL_HZ).problem
        == "throttled: clock under 95 % of its usual 1,980 MHz in 3 of 3 rounds"
    )


def test_no_clock_discards_nothing_and_is_noted() -> None:
    samples = measured(3, lambda *_: None)
    filtered = drop_throttled(samples)
    assert (filtered.samples, filtered.problem, filtered.note) == (samples, None, "clock frequency unknown")
    assert usual_hz(samples.slices) is None


def test_clocks_of_some_workers_speak_for_the_round_and_the_rest_is_noted() -> None:
    filtered = drop_throttled(measured(8, lambda number, worker: slowed(2)(number, worker) if worker < 2 else None))
    assert filtered.discarded == (2,)
    assert filtered.note == "clock frequency unknown in 16 of 32 slices"


def test_samples_in_cycles_are_seconds_times_the_clock_of_their_slice() -> None:
    filtered = in_cycles(measured(2, slowed(1)))
    assert filtered is not None
    cycles = {(turn.round, turn.worker): turn.samples_s for turn in filtered.slices}
    assert cycles[0, 1] == pytest.approx((19_800.0, 39_600.0))
    assert cycles[1, 1] == pytest.approx((17_820.0, 35_640.0))


def test_one_unknown_clock_leaves_no_cycles_at_all() -> None:
    assert in_cycles(measured(3, lambda number, worker: None if (number, worker) == (2, 3) else USUAL_HZ)) is None
