"""What is looked at while samples are taken, by a clock that only what is called moves and a draw that is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from opbench import Axes, Check, Operator, Point, Tolerance, Work
from opbench.audit import EARLY_SHARE, ELEMENTS, ENOUGH, Audit
from opbench.checker import Candidate

PASSED = Check(True, 7, 0, 0.0, 0.0, 1e-6, 0.0)
NEVER, ALWAYS = 0.999, 0.0
Compute = Callable[[torch.Tensor], Any]


@dataclass
class World:
    """y = 3 x, whose reference takes reference_s; a call takes what its launch says."""

    size: int = 7
    reference_s: float = 0.0
    now_s: float = 0.0
    draw: float = ALWAYS

    def __post_init__(self) -> None:
        self.x = torch.arange(1.0, self.size + 1)

    def reference(self, _: Point, inputs: Any) -> torch.Tensor:
        self.now_s += self.reference_s
        x: torch.Tensor = inputs["x"]
        return 3 * x.double()

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
        self.launches = {label: self.launch(compute, 1e-3) for label, compute in computes.items()}
        candidates = {label: Candidate(launch, None) for label, launch in self.launches.items()}
        point = Point("triple", Axes({}))
        return Audit(operator, point, {"x": self.x}, candidates, lambda: self.now_s, lambda: self.draw)

    def round(self, audit: Audit, last: bool = False) -> None:
        audit.begin(last)
        for label, launch in self.launches.items():
            outputs = [launch() for _ in range(audit.calls(8))]
            audit.look(label, outputs[-1], 8)
        audit.end()


def honest(x: torch.Tensor) -> torch.Tensor:
    return 3 * x


def test_an_honest_backend_is_looked_at_and_passes() -> None:
    world = World()
    audit = world.audit(a=honest, b=honest)
    for _ in range(20):
        world.round(audit)
    assert audit.looks >= ENOUGH
    assert audit.misses == {}
    assert audit.kept("a", PASSED, [1e-3] * 9) is PASSED


def test_inputs_are_others_in_every_round_and_as_they_were_in_the_end() -> None:
    world = World()
    before, seen = world.x.clone(), []
    audit = world.audit(a=honest)
    for number in range(5):
        world.draw = number / 5
        audit.begin()
        seen.append(tuple(world.x.tolist()))
    audit.close()
    assert len(set(seen)) == 5
    assert torch.equal(world.x, before)


def test_a_look_leaves_the_round_s_inputs_as_they_were() -> None:
    world = World()
    audit = world.audit(a=honest)
    audit.begin(last=True)
    before = world.x.clone()
    audit.look("a", honest(world.x), 64)
    assert torch.equal(world.x, before)


def test_an_expensive_reference_is_asked_once_and_a_cheap_one_often_enough() -> None:
    for reference_s, looks in ((100.0, 1), (1e-4, ENOUGH)):
        world = World(reference_s=reference_s, draw=NEVER)
        audit = world.audit(a=honest)
        for _ in range(200):
            world.round(audit)
        assert audit.looks == 0
        while audit.wanting():
            world.round(audit, last=True)
        assert audit.looks == looks


def test_looks_take_no_more_than_their_share() -> None:
    world = World(reference_s=0.02)
    audit = world.audit(a=honest)
    for _ in range(1000):
        world.round(audit)
    looked_s = audit.looks * (0.02 + 6e-3)
    assert audit.looks > ENOUGH
    assert looked_s < 0.1 * world.now_s < EARLY_SHARE * world.now_s


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
    world.round(audit, last=True)
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
    world.round(audit, last=True)
    assert audit.misses.keys() >= {"part"}
    assert "right" not in audit.misses
    assert audit.misses["part"].elements == ELEMENTS


def test_memory_that_the_caller_holds_may_not_be_returned_again() -> None:
    world = World()
    buffer = torch.empty(7)
    audit = world.audit(buffer=lambda x: torch.mul(x, 3, out=buffer))
    world.round(audit, last=True)
    assert "still holds" in audit.misses["buffer"].detail


def test_two_calls_in_three_that_repeat_the_one_before_are_found_in_one_look() -> None:
    for phase in range(3):
        world, calls, kept = World(), iter(range(phase, 1 << 30)), [torch.zeros(7)]

        def third(x: torch.Tensor) -> torch.Tensor:
            if next(calls) % 3 == 0:  # noqa: B023  (called within the loop)
                kept[0] = 3 * x  # noqa: B023
            return kept[0].clone()  # noqa: B023

        audit = world.audit(third=third)
        world.round(audit, last=True)
        assert "third" in audit.misses


@pytest.mark.parametrize("by", [lambda x: x._version, lambda x: tuple(x.tolist())], ids=["version", "values"])
def test_results_kept_while_the_input_stays_the_same_show_in_calls_after_it_changed(by: Callable[..., Any]) -> None:
    world = World()
    kept: dict[Any, torch.Tensor] = {}

    def keeps(x: torch.Tensor) -> torch.Tensor:
        if by(x) not in kept:
            kept.clear()
            kept[by(x)] = 3 * x
            world.now_s += 9e-3
        return kept[by(x)].clone()

    audit = world.audit(keeps=keeps, honest=honest)
    for _ in range(5):
        world.round(audit)
    assert audit.misses == {}
    assert "takes 10.0 times as long once its input has changed" in audit.kept("keeps", PASSED, [1e-3] * 9).detail
    assert audit.kept("honest", PASSED, [1e-3] * 9).passed


@pytest.mark.parametrize("x", [torch.ones(1).expand(7), torch.arange(7)], ids=["expanded", "integers"])
def test_inputs_that_cannot_be_scaled_stay_and_outputs_are_looked_at_all_the_same(x: torch.Tensor) -> None:
    world = World()
    world.x = x
    audit = world.audit(right=lambda x: (3 * x).float(), wrong=lambda x: (2 * x).float())
    world.round(audit, last=True)
    assert audit.misses.keys() == {"wrong"}
    assert torch.equal(world.x, x)


def test_an_empty_output_is_fine() -> None:
    world = World(size=0)
    audit = world.audit(a=honest)
    world.round(audit, last=True)
    assert audit.misses == {}
