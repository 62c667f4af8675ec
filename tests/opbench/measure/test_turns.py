"""A launch stops only together with its rivals in other processes, and tells its parent every turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from opbench.measure.timing.led import LedClock
from opbench.measure.timing.sampler import Samples, measure
from opbench.measure.turns import JointStopping, Turns

GO = {"mean_s": 0.0, "look": False, "over": False, "rivals_s": 0.0}


class Parent:
    """Says what is scripted, and keeps what it is told."""

    def __init__(self, *says: dict[str, Any]) -> None:
        self._says = list(says)
        self.told: list[dict[str, Any]] = []

    def __call__(self, turn: dict[str, Any]) -> dict[str, Any]:
        self.told.append(turn)
        return GO | self._says.pop(0)


class After:
    """A rule that stops from so many samples on, unless a last look finds fewer than it wants then."""

    def __init__(self, count: int, looked: int = 0) -> None:
        self._count, self._looked = count, looked
        self.spent_s: list[float] = []

    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        self.spent_s.append(spent_s)
        return "target" if len(samples) >= (self._looked if last else self._count) else None


class Sampled:
    """Takes 3 s for whatever it calls; `output` is what the last call returned."""

    reuses = False

    def __init__(self, clock: Second, launch: Any) -> None:
        self._clock, self.call = clock, launch
        self.output: Any = None

    def __call__(self, calls: int) -> float:
        self._clock.calls.append("sample")
        for _ in range(calls):
            self.output = self.call()
        return 3.0


class Second:
    """A clock of samples of one call, all of 3 s."""

    name = "scripted"
    sample_target_s, max_calls = 1.0, 1

    def __init__(self) -> None:
        self.calls: list[str] = []

    def timer(self, launch: Any) -> Any:
        return Sampled(self, launch)


def sampled(parent: Parent, rule: After) -> Samples:
    turns = Turns(parent)
    ticks = iter(range(1 << 20))

    def observe(phase: str, _: str, samples: Samples) -> None:
        turns.observe(phase, samples)

    result = measure(
        {"mine": lambda: torch.empty(0)},
        Second(),
        lambda: JointStopping(rule, turns),
        observe=observe,
        now=lambda: 3.0 * next(ticks),
    )
    return result["mine"]


def test_it_waits_for_its_first_turn_and_goes_on_until_all_may_stop() -> None:
    parent = Parent({}, {}, {}, {"look": True}, {"over": True})
    samples = sampled(parent, After(2))
    assert [turn["stopped"] for turn in parent.told] == ["", "", "target", "target", "target"]
    assert parent.told[0]["claimed_s"] is None
    assert samples.stopped == "target"
    assert len(samples.samples_s) == 4


def test_a_last_look_may_withdraw_the_reason() -> None:
    parent = Parent({}, {"look": True}, {}, {"look": True}, {"over": True})
    sampled(parent, After(1, looked=4))
    assert [turn["stopped"] for turn in parent.told] == ["", "target", "", "target", "target"]


def test_what_is_claimed_counts_the_leading_call_too() -> None:
    parent = Parent({}, {"over": True})
    sampled(parent, After(1))
    assert parent.told[1]["claimed_s"] == 2 * 3.0


def test_a_quick_launch_shares_the_mean_budget_of_its_rivals() -> None:
    rule = After(1)
    turns = Turns(Parent({"mean_s": 7.0}, {"over": True}), mean_s=7.0)
    turns.observe("sampling", Samples())
    JointStopping(rule, turns).reason([1.0], 1.0)
    assert rule.spent_s == [7.0]


def test_a_sample_that_was_set_aside_claims_nothing() -> None:
    parent = Parent({}, {}, {"over": True})
    turns = Turns(parent)
    samples = Samples(samples_s=[1.0])
    turns.observe("sampling", samples)
    joint = JointStopping(After(5), turns)
    joint.reason([1.0], 1.0)
    joint.reason([1.0], 1.0)
    assert [turn["claimed_s"] for turn in parent.told] == [None, 2.0, None]


def test_only_the_first_sample_waits_for_its_turn() -> None:
    parent = Parent({})
    turns = Turns(parent)
    waited = [turns.observe(phase, Samples()) for phase in ("warm-up", "warm-up", "sampling", "sampling")]
    assert waited == [False, False, True, False]
    assert len(parent.told) == 1


def test_every_sample_is_led_by_a_call_that_is_not_timed() -> None:
    clock = Second()

    def launch() -> torch.Tensor:
        clock.calls.append("call")
        return torch.empty(0)

    timer = LedClock(clock).timer(launch)
    assert timer(2) == 3.0
    assert clock.calls == ["call", "sample", "call", "call"]


def test_a_sample_that_was_led_already_is_not_led_again() -> None:
    clock = Second()

    def launch() -> torch.Tensor:
        clock.calls.append("call")
        return torch.empty(0)

    timer = LedClock(clock).timer(launch)
    for _ in range(2):
        timer.lead()
        timer(1)
    assert clock.calls == ["call", "sample", "call"] * 2


def test_a_led_timer_keeps_what_the_other_keeps() -> None:
    timer = LedClock(Second()).timer(lambda: torch.full((), 7.0))
    assert timer.output is None
    timer(3)
    assert timer.output == 7
    assert timer.call() == 7
    assert not timer.reuses
