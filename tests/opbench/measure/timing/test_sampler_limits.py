"""The loop at its limits, by a clock whose every sample is written down: seconds a call, and seconds in line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from opbench.measure.timing.clock import Timer
from opbench.measure.timing.sampler import PREEMPTED, WARMUP_S, Samples, measure
from opbench.measure.timing.stopping import FEWEST

RESULT = torch.zeros(3)


@dataclass
class Written:
    """call_s: seconds a call by the number of the sample; in_line_s: the same of what threads waited during it."""

    call_s: Callable[[int], float] = lambda _: 1e-3
    in_line_s: Callable[[int], float] = lambda _: 0.0
    sample_target_s: float = 1e-3
    max_calls: int = 1 << 20
    name: str = "written"
    calls: list[int] = field(default_factory=list)
    now_s: float = 0.0
    waited_s: float = 0.0
    output: Any = None

    def timer(self, launch: Callable[[], Any]) -> Timer:
        return Sampling(self, launch)


@dataclass
class Sampling:
    clock: Written
    call: Callable[[], Any]
    output: Any = None
    reuses: bool = False

    def __call__(self, calls: int) -> float:
        number = len(self.clock.calls)
        self.clock.calls.append(calls)
        self.output = self.call()
        seconds = self.clock.call_s(number)
        self.clock.now_s += seconds * calls
        self.clock.waited_s += self.clock.in_line_s(number)
        return seconds


@dataclass
class After:
    """Stops once so many samples are there; remembers what it was asked."""

    count: int
    asked: list[tuple[int, float, bool]] = field(default_factory=list)

    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        self.asked.append((len(samples), spent_s, last))
        return "target" if len(samples) >= self.count else None


def sampled(clock: Written, rule: After, **options: Any) -> Samples:
    found = measure(
        {"it": lambda: RESULT}, clock, lambda: rule, now=lambda: clock.now_s, delay=lambda: clock.waited_s, **options
    )
    return found["it"]


@pytest.mark.parametrize(
    ("call_s", "target_s", "calls"),
    [
        (1e-3, 1e-3, 1),
        (0.75e-3, 1e-3, 2),  # two are wanted, which is more than half as many again
        (2e-3, 1e-3, 1),
        (1e-4, 1e-3, 10),
        (1 / 1024, 1.0, 1024),
        (1e-12, 1e-3, 1_000_000),  # below the clock's resolution: as if a call took a nanosecond
    ],
)
def test_so_many_calls_make_a_sample_as_fill_its_length(call_s: float, target_s: float, calls: int) -> None:
    clock = Written(call_s=lambda _: call_s, sample_target_s=target_s)
    assert sampled(clock, After(7)).calls == calls
    assert all(after <= 16 * before for before, after in zip(clock.calls, clock.calls[1:], strict=False))


def test_no_sample_has_more_calls_than_the_clock_allows() -> None:
    assert sampled(Written(call_s=lambda _: 1e-6, max_calls=100), After(7)).calls == 100


def test_a_few_calls_more_are_not_worth_another_beginning() -> None:
    """Two calls fill the sample, then three would: half as many again is as good."""
    clock = Written(call_s=lambda number: 0.75e-3 if number < 1 else 0.4e-3)
    assert sampled(clock, After(7)).calls == 2


def test_warm_up_ends_once_a_sample_is_no_quicker_than_those_before_it() -> None:
    falling = [1.0, 0.9, 0.8, 0.7, 0.6, 0.575, 0.5]
    clock = Written(call_s=lambda number: 1e-3 * (falling[number] if number < 7 else 0.5), sample_target_s=1e-6)
    found = sampled(clock, After(7))
    assert found.warmup_calls == 6, "0.575 is within 5 % of 0.6"
    assert found.warmup_s == pytest.approx(1e-3 * sum(falling[:6]))
    assert found.samples_s[0] == 0.5e-3


def test_warm_up_takes_so_long_at_most_and_two_samples_at_least() -> None:
    shrinking = Written(call_s=lambda number: 0.015 * 0.9 ** min(number, 99))
    found = sampled(shrinking, After(7))
    assert found.warmup_s - 0.015 < WARMUP_S
    slow = Written(call_s=lambda _: 1.0)
    assert sampled(slow, After(7)).warmup_calls == 2


def test_where_samples_are_preempted_warm_up_may_take_three_times_as_long() -> None:
    clock = Written(call_s=lambda _: 0.05, in_line_s=lambda number: 0.02 if number < 99 else 0.0)
    measured = sampled(clock, After(7), patience_s=1e9)
    assert measured.warmup_s == pytest.approx(3 * WARMUP_S, abs=0.051)


@pytest.mark.parametrize(("share", "kept"), [(0.0, True), (0.9 * PREEMPTED, True), (1.1 * PREEMPTED, False)])
def test_a_sample_is_set_aside_for_more_than_a_share_of_it_in_line(share: float, kept: bool) -> None:
    clock = Written(call_s=lambda _: 1e-3, in_line_s=lambda number: share * 1e-3 if number == 12 else 0.0)
    found = sampled(clock, After(20))
    assert found.preempted == (0 if kept else 1)
    assert found.preempted_s == pytest.approx(0.0 if kept else 1e-3)
    assert found.samples_s == [1e-3] * 20
    assert found.sampling_s == pytest.approx(20e-3)
    assert len(clock.calls) == found.warmup_calls + 20 + (not kept)


def from_sample(first: int, clock: Written) -> None:
    """All but the first so many samples after warm-up stand in line."""
    warm = 4
    clock.in_line_s = lambda number: 1e-3 if number >= warm + first else 0.0


@pytest.mark.parametrize(("count", "stopped"), [(FEWEST, ""), (FEWEST - 1, "contended"), (0, "contended")])
def test_beyond_its_patience_what_has_the_fewest_samples_is_a_figure(count: int, stopped: str) -> None:
    clock = Written()
    from_sample(count, clock)
    rule = After(count if not stopped else 99)
    found = sampled(clock, rule, patience_s=0.0105)
    if stopped:
        assert (found.stopped, len(found.samples_s)) == (stopped, count)
        assert found.preempted_s == pytest.approx(0.011)
    else:
        assert (found.stopped, len(found.samples_s)) == ("target", FEWEST)


@dataclass
class Spent:
    """Stops once so much is spent."""

    most_s: float

    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        del samples, last
        return "budget" if spent_s > self.most_s else None


@pytest.mark.parametrize(("count", "stopped"), [(FEWEST, "budget"), (FEWEST + 1, "budget"), (FEWEST - 1, "contended")])
def test_the_fewest_samples_are_a_figure_that_its_budget_ends(count: int, stopped: str) -> None:
    clock = Written()
    from_sample(count, clock)
    found = measure(
        {"it": lambda: RESULT},
        clock,
        lambda: Spent(0.012),
        now=lambda: clock.now_s,
        delay=lambda: clock.waited_s,
        patience_s=0.0105,
    )["it"]
    assert (found.stopped, len(found.samples_s)) == (stopped, count)


def test_the_observer_is_told_of_every_sample_before_it_is_taken() -> None:
    told: list[tuple[str, str, int]] = []
    clock = Written()

    def observe(phase: str, name: str, so_far: Samples) -> None:
        told.append((phase, name, len(so_far.samples_s)))

    found = sampled(clock, After(3), observe=observe)
    assert told == [("warm-up", "it", 0), *(("sampling", "it", number) for number in range(3))]
    assert found.stopped == "target"


def test_the_rule_is_asked_after_every_round_and_once_more_when_all_may_stop() -> None:
    rule = After(3)
    sampled(Written(), rule)
    assert [(count, last) for count, _, last in rule.asked] == [(1, False), (2, False), (3, False), (3, True)]
    assert [spent_s for _, spent_s, _ in rule.asked] == pytest.approx([1e-3, 2e-3, 3e-3, 3e-3])


def test_page_faults_are_counted_of_what_is_kept_alone() -> None:
    clock = Written(in_line_s=lambda number: 1.0 if number == 6 else 0.0)
    found = sampled(clock, After(5), page_faults=lambda: 7 * len(clock.calls))
    assert (found.page_faults, found.preempted) == (7 * 5, 1)


@dataclass
class Looking:
    outputs: list[tuple[str, Any]] = field(default_factory=list)
    begun: list[bool] = field(default_factory=list)
    more: Iterator[bool] = field(default_factory=lambda: iter([True, True, False]))

    def glance(self) -> None:
        pass

    def begin(self, last: bool = False) -> None:
        self.begun.append(last)

    def calls(self, calls: int) -> int:
        return calls

    def keep_output(self, label: str, timer: Timer) -> None:
        self.outputs.append((label, timer.output))

    def end(self) -> None:
        pass

    def wanting(self) -> bool:
        return next(self.more)


def test_an_audit_gets_every_output_and_the_rounds_that_it_wants_besides() -> None:
    looking = Looking()
    found = sampled(Written(), After(3), audit=looking)
    assert looking.begun == [False, False, False, True, True]
    assert [label for label, _ in looking.outputs] == ["it"] * 5
    assert all(output is RESULT for _, output in looking.outputs)
    assert len(found.samples_s) == 5


def test_what_is_contended_is_not_called_again_for_an_audit() -> None:
    clock, looking = Written(in_line_s=lambda number: 1e-3 if number >= 4 else 0.0), Looking()
    found = sampled(clock, After(9), patience_s=2.5e-3, audit=looking)
    assert found.stopped == "contended"
    assert True not in looking.begun


def test_nothing_to_sample_is_nothing_sampled() -> None:
    assert measure({}, Written(), lambda: After(1)) == {}


def test_patience_is_without_end_unless_said() -> None:
    clock = Written(in_line_s=lambda number: 1e-3 if 4 <= number < 500 else 0.0)
    found = sampled(clock, After(3))
    assert (found.stopped, found.preempted, math.isfinite(found.preempted_s)) == ("target", 496, True)
