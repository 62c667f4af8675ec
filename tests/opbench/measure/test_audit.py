"""What is looked at while samples are taken, by a clock that only what is called moves and a draw that is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
import torch

from opbench import Axes, Check, Operator, Point, Tolerance, Work
from opbench.errors import UsageError
from opbench.measure.audit import EARLY_SHARE, ENOUGH, MOST, SHARE, Audit
from opbench.measure.output_samples import EDGE, ELEMENTS
from opbench.measure.point_checker import Candidate
from opbench.measure.redrawn_inputs import HALVED, MOVED, PRISTINE, SCALED, Redrawing
from opbench.measure.timing.wall import WallTimer

PASSED = Check(True, 7, 0, 0.0, 0.0, 1e-6, 0.0)
ALWAYS = 0.0
Compute = Callable[[torch.Tensor], Any]


@dataclass
class World:
    """y = 3 x, whose reference takes reference_s; a call takes what its launch says."""

    size: int = 7
    reference_s: float = 0.0
    now_s: float = 0.0
    draw: float = ALWAYS
    references: int = 0
    step_at: float = math.inf

    def __post_init__(self) -> None:
        self.x = torch.arange(1.0, self.size + 1)
        self.draws: Callable[[], float] = lambda: self.draw
        self.refuses: Callable[[torch.Tensor], bool] = lambda _: False

    def reference(self, _: Point, inputs: Any) -> torch.Tensor:
        self.now_s += self.reference_s
        self.references += 1
        x: torch.Tensor = inputs["x"]
        if self.refuses(x):
            raise UsageError("two scores lie too close")
        return 3 * x.double() + (x.numel() and float(x.flatten()[0]) >= self.step_at)

    def launch(self, compute: Compute, call_s: float) -> Callable[[], Any]:
        def run() -> Any:
            self.now_s += call_s
            return compute(self.x)

        return run

    def audit(self, **computes: Compute) -> Audit:
        operator = Operator(
            name="triple",
            about="",
            axes=(),
            inputs=lambda _: {"x": self.x},
            reference=self.reference,
            work=lambda _: Work(0, 0, 0, 0, 0),
            eager=lambda _: lambda x: 3 * x,
            tolerances={"float32": Tolerance(rtol=1e-6)},
            check_points=({},),
            modes=frozenset({"forward"}),
        )
        self.timers = {label: WallTimer(self.launch(compute, 1e-3)) for label, compute in computes.items()}
        candidates = {label: Candidate(timer.call, None) for label, timer in self.timers.items()}
        point = Point("triple", Axes({}))
        return Audit(operator, point, {"x": self.x}, candidates, lambda: self.now_s, self.draws)

    def round(self, audit: Audit, last: bool = False) -> None:
        audit.begin(last)
        for label, timer in self.timers.items():
            timer(audit.calls(8))
            audit.keep_output(label, timer)
        audit.end()

    def judged(self, audit: Audit) -> Audit:
        """After one round that is kept."""
        self.round(audit, last=True)
        while audit.wanting():
            self.round(audit, last=True)
        return audit


def _drawn(random: torch.Generator) -> float:
    return float(torch.rand(1, generator=random))


def honest(x: torch.Tensor) -> torch.Tensor:
    return 3 * x


def doubled(x: torch.Tensor) -> torch.Tensor:
    return 2 * x


def test_an_honest_backend_is_looked_at_and_passes() -> None:
    world = World()
    audit = world.audit(a=honest, b=honest)
    for _ in range(60):
        world.round(audit)
    assert not audit.wanting()
    assert ENOUGH <= audit.looks <= MOST
    assert audit.misses == {}
    assert audit.kept("a", PASSED, [1e-3] * 9, 5) is PASSED


def test_three_rounds_are_compared_where_that_is_cheap_though_none_was_drawn() -> None:
    world = World(draw=0.9)
    audit = world.audit(a=honest)
    for _ in range(200):
        world.round(audit)
    while audit.wanting():
        world.round(audit, last=True)
    assert audit.looks == 3


def test_inputs_are_others_in_every_round_and_as_they_were_in_the_end() -> None:
    world = World()
    before, seen = world.x.clone(), []
    audit = world.audit(a=honest)
    for number in range(5):
        world.draw = number / 5
        audit.begin()
        audit.calls(8)
        seen.append(tuple(world.x.tolist()))
    audit.close()
    assert len(set(seen)) == 5
    assert torch.equal(world.x, before)


def test_no_output_follows_from_an_earlier_one_by_a_factor() -> None:
    world = World(size=101)
    draws = iter(torch.rand(99, generator=torch.Generator().manual_seed(5)).tolist())
    redrawing = Redrawing([world.x], lambda: next(draws))
    ratios = []
    for _ in range(5):
        redrawing.put(redrawing.new(MOVED))
        ratios.append(world.x / torch.arange(1.0, 102))
    assert all(float(one.max() / one.min()) > 1.5 for one in ratios)


def test_writing_other_values_is_not_counted_and_can_be_told_from_somebody_else_s_writing() -> None:
    world = World()
    redrawing = Redrawing([world.x], lambda: 0.4)
    version, values = world.x._version, redrawing.new(MOVED)
    redrawing.put(values)
    redrawing.negate(3)
    redrawing.negate(3)
    assert world.x._version == version
    assert redrawing.holds(values)
    world.x[2] += 1
    assert not redrawing.holds(values)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (5, 7, 2)])
def test_values_are_put_and_taken_back_in_every_shape_and_layout(shape: tuple[int, ...]) -> None:
    for x in (torch.rand(shape, dtype=torch.bfloat16), torch.rand(shape).permute(tuple(reversed(range(len(shape)))))):
        before = x.clone()
        redrawing = Redrawing([x], lambda: 0.7)
        for way in (MOVED, SCALED, HALVED):
            redrawing.put(redrawing.new(way))
            assert not x.numel() or not torch.equal(x, before)
        redrawing.negate(redrawing.place())
        redrawing.put(redrawing.new(PRISTINE))
        assert torch.equal(x, before)


def test_no_reference_is_computed_before_sampling_is_over() -> None:
    world = World()
    audit = world.audit(a=honest)
    for _ in range(20):
        world.round(audit)
    assert world.references == 0
    audit.wanting()
    assert world.references == 2 * audit.looks


def test_rounds_are_kept_from_all_of_sampling_alike() -> None:
    """The last of many has the chance of any other."""
    kept = 0
    for seed in range(20):
        random = torch.Generator().manual_seed(seed)
        world = World()
        world.draws = partial(_drawn, random)
        audit = world.audit(a=honest)
        for number in range(20):
            world.timers["a"].call = world.launch(honest if number < 10 else doubled, 1e-3)
            world.round(audit, last=True)
        audit.wanting()
        kept += "a" in audit.misses
    assert kept >= 18


def test_an_expensive_reference_is_asked_for_one_round_and_a_cheap_one_for_more() -> None:
    for reference_s, looks in ((100.0, 1), (1e-6, MOST)):
        world = World(reference_s=reference_s)
        audit = world.audit(a=honest)
        for _ in range(200):
            world.round(audit)
        assert not audit.wanting()
        assert audit.looks == looks


def test_looking_takes_no_more_than_its_share() -> None:
    world = World(draw=0.2)
    calls = 0

    def counted(x: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return 3 * x

    audit = world.audit(a=counted)
    for _ in range(1000):
        audit.begin()
        world.timers["a"](8)
        audit.keep_output("a", world.timers["a"])
        audit.end()
    assert calls - 8000 < EARLY_SHARE * 8000
    assert calls - 8000 > ENOUGH


def test_samples_that_are_cut_short_count_as_time_lost_to_looking() -> None:
    world = World(draw=0.2)
    audit = world.audit(a=honest)
    figures_s = 0.0
    for _ in range(1000):
        audit.begin()
        calls = audit.calls(8)
        began_s = world.now_s
        world.timers["a"](calls)
        figures_s += (world.now_s - began_s) * (calls == 8)
        audit.keep_output("a", world.timers["a"])
        audit.end()
    assert world.now_s < figures_s * (1 + 1.1 * SHARE)


def test_where_the_reference_jumps_nobody_is_judged_and_other_values_are_drawn() -> None:
    """A threshold that float32 may be on either side of, as a selection between two scores that are nearly alike."""
    world = World(size=7)
    world.draw = 0.999999999
    world.step_at = 2 + 2**-24  # x[0] of the round is 2, moved there and scaled by nearly 1
    audit = world.audit(a=lambda x: 3 * x + (x[0] >= 2.0).float())
    world.judged(audit)
    assert audit.misses == {}
    assert audit.looks
    assert world.references > 2 * audit.looks, "nobody was judged at first"


def test_a_reference_that_refuses_values_is_asked_about_others() -> None:
    world = World()
    world.refuses = lambda x: not torch.equal(x, torch.arange(1.0, 8))
    audit = world.judged(world.audit(right=honest, wrong=lambda x: 2 * x))
    assert audit.misses.keys() == {"wrong"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda x: 3 * x + 1e-3, "first at"),
        (lambda x: (3 * x).half(), "returned torch.float16"),
        (lambda x: (3 * x)[:-1], "returned shape (6,)"),
        (lambda _: None, "returned NoneType"),
        (lambda x: torch.full_like(x, float("nan")), "first at"),
    ],
)
def test_a_wrong_output_of_a_timed_call_is_a_miss_of_its_backend_alone(wrong: Compute, says: str) -> None:
    world = World()
    audit = world.audit(wrong=wrong, right=honest)
    world.judged(audit)
    assert audit.misses.keys() == {"wrong"}
    assert not audit.misses["wrong"].passed
    assert audit.misses["wrong"].detail.startswith(f"in a timed call: {says}")


def test_a_large_output_is_looked_at_where_nobody_knows() -> None:
    def all_but_an_eighth(x: torch.Tensor) -> torch.Tensor:
        y = 3 * x
        y[: len(y) // 8] = 0
        return y

    world = World(size=3 * ELEMENTS + 1)
    audit = world.audit(part=all_but_an_eighth, longer=lambda x: torch.cat([3 * x, x]), right=honest)
    world.judged(audit)
    assert audit.misses.keys() >= {"part"}
    assert "right" not in audit.misses
    assert ELEMENTS // 2 <= audit.misses["part"].elements <= ELEMENTS + 2 * EDGE


def test_memory_that_a_backend_keeps_may_not_be_returned() -> None:
    world = World()
    buffer = torch.empty(7)
    audit = world.audit(buffer=lambda x: torch.mul(x, 3, out=buffer))
    world.judged(audit)
    assert "that it keeps" in audit.misses["buffer"].detail


def test_two_calls_in_three_that_repeat_the_one_before_are_found_in_one_look() -> None:
    for phase in range(3):
        world, calls, kept = World(), iter(range(phase, 1 << 30)), [torch.zeros(7)]

        def third(x: torch.Tensor) -> torch.Tensor:
            if next(calls) % 3 == 0:  # noqa: B023  (called within the loop)
                kept[0] = 3 * x  # noqa: B023
            return kept[0].clone()  # noqa: B023

        audit = world.judged(world.audit(third=third))
        assert "third" in audit.misses


def test_results_kept_while_the_input_stays_the_same_show_in_calls_after_it_changed() -> None:
    world = World(draw=0.3)
    kept: dict[Any, torch.Tensor] = {}

    def keeps(x: torch.Tensor) -> torch.Tensor:
        if (values := tuple(x.tolist())) not in kept:
            kept.clear()
            kept[values] = 3 * x
            world.now_s += 9e-3
        return kept[values].clone()

    audit = world.judged(world.audit(keeps=keeps, honest=honest))
    assert audit.misses == {}
    assert "takes 10.0 times as long once its input has changed" in audit.kept("keeps", PASSED, [1e-3] * 9, 5).detail
    assert audit.kept("honest", PASSED, [1e-3] * 9, 5).passed


@pytest.mark.parametrize("key", [lambda x: x._version, lambda x: float(x[0]), lambda x: x.data_ptr()])
def test_results_kept_by_less_than_all_of_the_input_are_those_of_another_one(key: Callable[[Any], Any]) -> None:
    world = World(draw=0.6)
    kept: dict[Any, torch.Tensor] = {}

    def keeps(x: torch.Tensor) -> torch.Tensor:
        return kept.setdefault(key(x), 3 * x).clone()

    audit = world.judged(world.audit(keeps=keeps))
    assert audit.misses.keys() == {"keeps"}


def test_one_element_that_the_output_does_not_depend_on_may_change() -> None:
    world = World(draw=0.999)
    audit = world.audit(last_ignored=lambda x: 3 * x)
    audit._judge.operator = replace(audit._judge.operator, reference=lambda _, inputs: 3 * inputs["x"][:-1].double())
    world.timers["last_ignored"].call = world.launch(lambda x: 3 * x[:-1], 1e-3)
    assert world.judged(audit).misses == {}


@pytest.mark.parametrize("x", [torch.ones(1).expand(7), torch.arange(7)], ids=["expanded", "integers"])
def test_inputs_that_cannot_be_scaled_stay_and_outputs_are_looked_at_all_the_same(x: torch.Tensor) -> None:
    world = World()
    world.x = x
    audit = world.audit(right=lambda x: (3 * x).float(), wrong=lambda x: (2 * x).float())
    world.judged(audit)
    assert audit.misses.keys() == {"wrong"}
    assert torch.equal(world.x, x)


def test_an_empty_output_is_fine() -> None:
    world = World(size=0)
    audit = world.audit(a=honest)
    world.judged(audit)
    assert audit.misses == {}
