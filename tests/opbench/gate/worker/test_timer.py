"""What a worker times, by a clock that only the work moves, and what it keeps away meanwhile."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass, field

import pytest

from opbench.gate.worker import timer as timers
from opbench.gate.worker.slices import taken_slice, warm_up
from opbench.gate.worker.timer import CpuTimer, SetupTimer, SliceTiming

TICK_S = 2.0**-10


@dataclass
class Work:
    """Calls that take so many ticks each, the last of these from then on. done: how many there were."""

    ticks: tuple[int, ...]
    done: int = 0
    now: int = 0
    seen: list[object] = field(default_factory=list)

    def __call__(self, *given: object) -> None:
        self.now += self.ticks[min(self.done, len(self.ticks) - 1)]
        self.done += 1
        self.seen += given


def work(monkeypatch: pytest.MonkeyPatch, *ticks: int) -> Work:
    made = Work(ticks)
    monkeypatch.setattr(timers, "perf_counter", lambda: made.now * TICK_S)
    return made


def test_a_warm_up_doubles_its_groups_until_five_milliseconds_are_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    call = work(monkeypatch, 1)
    assert CpuTimer().prepare(call) == TICK_S
    assert call.done == 8  # 1, 1, 2 and 4 of them; 4 ticks are 3.9 ms


def test_a_first_call_that_compiles_is_followed_by_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    call = work(monkeypatch, 512, 3)
    assert CpuTimer().prepare(call) == 3 * TICK_S
    assert call.done == 2


def test_a_sample_is_of_a_group_of_calls_and_a_call_has_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    call, timer = work(monkeypatch, 7), CpuTimer()
    timer.prepare(call)
    before = call.done
    assert timer.slice(3, 5) == SliceTiming((7 * TICK_S,) * 5)
    assert call.done - before == 15


def test_what_is_set_up_and_torn_down_around_a_call_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    call = work(monkeypatch, 2)
    torn: list[object] = []

    def arguments() -> tuple[tuple[int], dict[str, object]]:
        call.now += 100
        return (call.done,), {}

    def teardown(*given: object) -> None:
        call.now += 50
        torn.extend(given)

    timer = SetupTimer(arguments, teardown)
    assert timer.prepare(call) == 2 * TICK_S
    assert timer.whole_s == 152 * TICK_S
    assert timer.slice(1, 3) == SliceTiming((2 * TICK_S,) * 3)
    assert call.seen == torn == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="2 calls a sample were asked for; with a setup before each there is 1"):
        timer.slice(2, 1)


class Looking:
    """A timer that looks around while it takes a slice."""

    whole_s = 0.25

    def prepare(self, call: object) -> float:
        assert sys.gettrace() is None
        return 0.125

    def slice(self, calls: int, samples: int) -> SliceTiming:
        self.seen = sys.gettrace(), sys.getprofile(), gc.isenabled(), os.sched_getaffinity(0)
        return SliceTiming((0.5,) * samples, 1e9)


def test_a_slice_is_taken_on_its_core_without_hooks_or_collection_and_all_is_as_it_was_afterwards() -> None:
    core, timer = min(os.sched_getaffinity(0)), Looking()

    def around() -> tuple[object, ...]:
        return sys.gettrace(), sys.getprofile(), gc.isenabled(), os.sched_getaffinity(0)

    before = around()
    told = taken_slice(timer, 3, 5, core, round=7, order=1)
    assert timer.seen == (None, None, False, {core})
    assert around() == before
    assert told["samples_s"] == (0.5,) * 5
    assert (told["round"], told["order"], told["calls"], told["core"], told["clock_hz"]) == (7, 1, 3, core, 1e9)
    assert told["cpu_s"] >= 0


def test_a_warm_up_tells_of_a_call_and_of_all_around_it() -> None:
    timer = Looking()
    assert warm_up(timer, timer.prepare, print) == {"ready": {"seconds": 0.125, "whole_s": 0.25, "launch_mode": ""}}
