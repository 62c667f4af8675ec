"""The loop, driven by a clock that only counts: order, grouping, warm-up, who is asked when."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from opbench.measure.timing.clock import Timer
from opbench.measure.timing.led import LedClock
from opbench.measure.timing.sampler import Samples, measure

RESULT = torch.empty(0)


@dataclass
class ScriptedTimer:
    sample: Callable[[int], float]
    call: Callable[[], Any]
    output: Any = None
    reuses: bool = False

    def __call__(self, calls: int) -> float:
        return self.sample(calls)


@dataclass
class ScriptedClock:
    """Says a call lasts what the launch's table says; remembers (launch, calls) of every sample."""

    seconds: dict[str, float]
    name: str = "scripted"
    sample_target_s: float = 1e-3
    max_calls: int = 1 << 20
    log: list[tuple[str, int]] = field(default_factory=list)
    now_s: float = 0.0

    def timer(self, launch: Callable[[], Any]) -> Timer:
        label: str = launch.__name__

        def sample(calls: int) -> float:
            launch()
            self.log.append((label, calls))
            self.now_s += self.seconds[label] * calls
            return self.seconds[label]

        return ScriptedTimer(sample, launch)


@dataclass
class After:
    """Stop when `count` samples are there."""

    count: int
    reason_given: str = "target"

    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        del spent_s, last
        return self.reason_given if len(samples) >= self.count else None


def launch(label: str) -> Callable[[], torch.Tensor]:
    def run() -> torch.Tensor:
        return RESULT

    run.__name__ = label
    return run


def go(seconds: dict[str, float], count: int = 20, **options: Any) -> tuple[ScriptedClock, dict[str, Samples]]:
    clock = ScriptedClock(seconds)
    launches = {label: launch(label) for label in seconds}
    return clock, measure(launches, clock, lambda: After(count), now=lambda: clock.now_s, **options)


def test_samples_are_kept_in_order_and_whole() -> None:
    _, found = go({"a": 1e-3, "b": 2e-3})
    assert found["a"].samples_s == [1e-3] * 20
    assert found["b"].sampling_s == pytest.approx(20 * 2e-3)


def test_calls_are_grouped_until_a_sample_is_long_enough() -> None:
    _, found = go({"quick": 1e-6, "slow": 0.5})
    assert found["quick"].calls == pytest.approx(1000, abs=1)
    assert found["slow"].calls == 1


def test_launches_take_turns_in_changing_order() -> None:
    clock, _ = go({"a": 1e-3, "b": 1e-3, "c": 1e-3}, count=30)
    rounds = [tuple(label for label, _ in clock.log[-90:][at : at + 3]) for at in range(0, 90, 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 3


def test_the_same_seed_gives_the_same_turns() -> None:
    assert go({"a": 1e-3, "b": 1e-3}, seed=5)[0].log == go({"a": 1e-3, "b": 1e-3}, seed=5)[0].log


def test_all_go_on_until_the_last_may_stop() -> None:
    rules = iter([After(10), After(25, "budget")])
    clock = ScriptedClock({"a": 1e-3, "b": 1e-3})
    found = measure({"a": launch("a"), "b": launch("b")}, clock, lambda: next(rules), now=lambda: clock.now_s)
    assert [len(one.samples_s) for one in found.values()] == [25, 25]
    assert [one.stopped for one in found.values()] == ["target", "budget"]


def test_a_reason_that_later_samples_take_back_does_not_end_the_loop() -> None:
    class Wavering(After):
        def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
            """Content at 10, but not when asked for the last time before 20."""
            del spent_s
            return "target" if len(samples) >= (20 if last else 10) else None

    clock = ScriptedClock({"a": 1e-3})
    found = measure({"a": launch("a")}, clock, lambda: Wavering(0), now=lambda: clock.now_s)
    assert len(found["a"].samples_s) == 20


def test_budgets_are_shared_so_that_a_quick_noisy_launch_cannot_hold_up_a_slow_one() -> None:
    class Spent(After):
        def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
            del samples, last
            return "budget" if spent_s >= 1.0 else None

    clock = ScriptedClock({"quick": 1e-3, "slow": 0.1})
    launches = {label: launch(label) for label in clock.seconds}
    found = measure(launches, clock, lambda: Spent(0), now=lambda: clock.now_s)
    assert found["slow"].sampling_s == pytest.approx(2.0, abs=0.1)


def test_warm_up_is_not_sampled_but_accounted_for() -> None:
    clock, found = go({"a": 1e-3}, count=5)
    assert len(clock.log) > 5
    assert found["a"].warmup_calls == sum(calls for _, calls in clock.log[:-5])
    assert found["a"].warmup_s == pytest.approx(found["a"].warmup_calls * 1e-3)


def test_a_launch_that_gets_faster_is_warmed_up_longer() -> None:
    class Cooling(ScriptedClock):
        def timer(self, launch: Callable[[], Any]) -> Timer:
            steps = iter([8e-3, 4e-3, 2e-3, 1.5e-3, *[1e-3] * 1000])

            def sample(calls: int) -> float:
                self.seconds["a"] = next(steps)
                return timed(calls)

            timed = super().timer(launch)
            return ScriptedTimer(sample, launch)

    clock = Cooling({})
    found = measure({"a": launch("a")}, clock, lambda: After(5), now=lambda: clock.now_s)
    assert set(found["a"].samples_s) == {1e-3}


def test_garbage_collection_is_off_while_sampling_and_back_on_after() -> None:
    states: list[bool] = []

    def observe(phase: str, _label: str, _so_far: Samples) -> None:
        if phase == "sampling":
            states.append(gc.isenabled())

    go({"a": 1e-3}, observe=observe)
    assert states
    assert not any(states)
    assert gc.isenabled()


def test_page_faults_are_those_between_the_two_readings() -> None:
    counter = iter(range(0, 1_000_000, 3))
    _, found = go({"a": 1e-3}, count=20, page_faults=lambda: next(counter))
    assert found["a"].page_faults == 20 * 3


def test_the_observer_knows_who_was_running_when_a_launch_raises() -> None:
    seen = ""

    def observe(_phase: str, label: str, _so_far: Samples) -> None:
        nonlocal seen
        seen = label

    def bad() -> torch.Tensor:
        raise RuntimeError

    clock = ScriptedClock({"a": 1e-3, "bad": 1e-3})
    with pytest.raises(RuntimeError):
        measure({"a": launch("a"), "bad": bad}, clock, lambda: After(5), observe=observe, now=lambda: clock.now_s)
    assert seen == "bad"


@dataclass
class Line:
    """Seconds that threads have stood in line: in these samples of these launches, counted from their first call."""

    clock: ScriptedClock
    waits: Callable[[str, int], bool]
    seconds: float = 0.0
    told: int = 0

    def __call__(self) -> float:
        for number in range(self.told, len(self.clock.log)):
            label = self.clock.log[number][0]
            mine = sum(name == label for name, _ in self.clock.log[:number])
            self.seconds += 0.004 * self.waits(label, mine)
        self.told = len(self.clock.log)
        return self.seconds


def beside(waits: Callable[[str, int], bool], count: int = 20, **options: Any) -> dict[str, Samples]:
    clock = ScriptedClock({"a": 1e-3, "b": 1e-3})
    launches = {label: launch(label) for label in clock.seconds}
    line = Line(clock, waits)
    return measure(launches, clock, lambda: After(count), now=lambda: clock.now_s, delay=line, **options)


def test_samples_for_which_a_thread_stood_in_line_are_set_aside_and_taken_again() -> None:
    relieved: list[str] = []
    found = beside(lambda label, number: label == "a" and number % 3 == 0, relieve=lambda: relieved.append("a"))
    assert relieved
    assert len(found["a"].samples_s) >= 20
    assert found["a"].preempted == pytest.approx(len(found["a"].samples_s) / 2, abs=1)
    assert found["a"].sampling_s == pytest.approx(len(found["a"].samples_s) * 1e-3)
    assert found["b"].preempted == 0
    assert {one.stopped for one in found.values()} == {"target"}


def test_patience_ends_and_what_has_no_interval_is_contended() -> None:
    found = beside(lambda label, _: label == "a", patience_s=0.03, count=200)
    assert found["a"].stopped == "contended"
    assert len(found["b"].samples_s) == 200
    assert found["a"].samples_s == []
    assert 0.03 < found["a"].preempted_s < 0.033
    assert found["b"].stopped == "target"


def test_past_its_patience_a_launch_with_enough_samples_pays_for_those_set_aside() -> None:
    asked: list[float] = []

    class Asked(After):
        def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
            asked.append(spent_s)
            return "budget" if spent_s > 0.02 else None

    clock = ScriptedClock({"a": 1e-3})
    line = Line(clock, lambda _, number: number % 2 == 0)
    found = measure(
        {"a": launch("a")}, clock, lambda: Asked(0), now=lambda: clock.now_s, delay=line, patience_s=0.0125
    )["a"]
    assert found.stopped == "budget"
    assert len(found.samples_s) >= 6
    assert max(asked) == pytest.approx(found.sampling_s + found.preempted_s)


def test_preempted_samples_do_not_say_how_many_calls_make_one() -> None:
    """A call that waits for a time slice seems to need no company."""
    clock = ScriptedClock({"a": 1e-6})
    line = Line(clock, lambda _, number: number < 4)

    class Slow(ScriptedClock):
        def timer(self, launch: Callable[[], Any]) -> Timer:
            plain = super().timer(launch)

            def sample(calls: int) -> float:
                first = len(self.log) < 4
                self.now_s += 0.008 * first
                return plain(calls) + 0.008 * first / calls

            return ScriptedTimer(sample, launch)

    clock = Slow({"a": 1e-6})
    line = Line(clock, lambda _, number: number < 4)
    found = measure({"a": launch("a")}, clock, lambda: After(9), now=lambda: clock.now_s, delay=line)["a"]
    assert found.calls == pytest.approx(1000, abs=1)


@dataclass
class Looking:
    """Wants the last call's output of every third round, whose samples it shortens, and one more round in the end."""

    told: list[tuple[str, str]] = field(default_factory=list)
    rounds: int = 0
    lasts: int = 0
    glances: int = 0

    def glance(self) -> None:
        self.glances += 1

    def begin(self, last: bool = False) -> None:
        self.rounds += 1
        self.lasts += last

    def calls(self, calls: int) -> int:
        return 1 if self.rounds % 3 == 0 else calls

    def keep_output(self, label: str, timer: Timer) -> None:
        assert timer.call.__name__ == label
        self.told.append(("look", label))

    def end(self) -> None:
        self.told.append(("end", ""))

    def wanting(self) -> bool:
        return not self.lasts


def test_every_round_is_looked_at_between_samples_and_shortened_samples_are_no_figures() -> None:
    looking = Looking()
    _, found = go({"a": 1e-6, "b": 1e-6}, audit=looking)
    assert looking.lasts == 1
    assert looking.glances > looking.told.count(("look", "a")) + looking.told.count(("look", "b"))  # warm-up too
    assert looking.told[2::3] == [("end", "")] * looking.rounds
    assert looking.told.count(("look", "a")) == looking.told.count(("look", "b")) == looking.rounds
    assert len(found["a"].samples_s) == looking.rounds - looking.rounds // 3
    assert found["a"].sampling_s == pytest.approx(len(found["a"].samples_s) * 1001e-6)


@pytest.mark.parametrize(("waiting", "set_aside"), [(range(0, 99, 2), 0), ((9, 13, 15), 3)])
def test_threads_that_wait_in_the_leading_call_alone_set_no_sample_aside(
    waiting: Sequence[int], set_aside: int
) -> None:
    """Calls 0, 2, 4 and so on lead; the first four warm up. The time of a sample counts both of its calls."""
    clock = ScriptedClock({"led": 1.0})
    waited_s, calls = [0.0], itertools.count()

    def led() -> torch.Tensor:
        number = next(calls)
        clock.now_s += number % 2 == 0
        waited_s[0] += 0.5 * (number in waiting)
        return RESULT

    found = measure({"led": led}, LedClock(clock), lambda: After(5), delay=lambda: waited_s[0], now=lambda: clock.now_s)
    assert found["led"].preempted == set_aside
    assert found["led"].sampling_s == len(found["led"].samples_s) * 2.0 == 10.0
