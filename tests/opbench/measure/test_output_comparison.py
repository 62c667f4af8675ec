"""Which outputs of timed calls are misses, and where the reference itself says that nobody can be judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from opbench import Axes, Check, Operator, Point, Tolerance, Work
from opbench.errors import UsageError
from opbench.measure.output_comparison import Judge, Round, Undecided
from opbench.measure.output_samples import Taken, take
from opbench.measure.redrawn_inputs import Redrawing, Values

Compute = Callable[[torch.Tensor], torch.Tensor]
SIZE = 7
POINT = Point("it", Axes({}))
AS_IT_WAS, HALVED = Values(), Values(low=0.5, high=0.5)


def triple(x: torch.Tensor) -> torch.Tensor:
    return 3 * x.double()


def judge(reference: Compute = triple, rtol: float = 1e-6, atol: float = 0.0, first: float = 1.0) -> Judge:
    """Of an operator whose input is `first`, 2, 3, ..., 7, and that computes this."""
    x = torch.arange(1.0, SIZE + 1)
    x[0] = first
    operator = Operator(
        name="it",
        about="",
        axes=(),
        inputs=lambda _: {"x": x},
        reference=lambda point, inputs: reference(inputs["x"]) if point == POINT else pytest.fail(f"asked at {point}"),
        work=lambda _: Work(0, 0, 0, 0, 0),
        eager=lambda _: lambda x: x,
        tolerances={"float32": Tolerance(rtol, atol)},
        check_points=({},),
    )
    return Judge(operator, POINT, {"x": x}, Redrawing([x], lambda: 0.0))


def input_of(judged: Judge) -> torch.Tensor:
    return judged.inputs["x"].clone()


def kept(output: Any) -> Taken:
    return take(output, [], lambda: 0.0)


def looked(*outputs: Any, of: int = 0, label: str = "it") -> Round:
    """A round with two values of the input, in which these outputs were taken of one of them."""
    return Round((AS_IT_WAS, HALVED), {label: [(of, kept(output)) for output in outputs]})


def misses(judged: Judge, *outputs: Any, of: int = 0, final: bool = False) -> Check | None:
    return judged.misses(looked(*outputs, of=of), final).get("it")


def right(judged: Judge) -> torch.Tensor:
    return 3 * input_of(judged)


def test_each_output_is_held_against_the_reference_of_the_values_that_the_input_held_then() -> None:
    judged, output = judge(), right(judge())
    assert misses(judged, output) is None
    assert misses(judged, 0.5 * output, of=1) is None
    found = misses(judged, output, of=1)
    assert found is not None
    assert (found.passed, found.misses, found.elements) == (False, SIZE, SIZE)
    assert found.detail == "first at (0,): got 3, expected 1.5"


def test_of_several_misses_the_first_is_told_and_a_right_neighbour_has_none() -> None:
    judged, output = judge(), right(judge())
    one = looked(output, output + 1, output + 2)
    one.taken["right"] = [(0, kept(output)), (1, kept(0.5 * output))]
    one.taken["late"] = [(0, kept(output)), (1, kept(output))]
    found = judged.misses(one, False)
    assert found.keys() == {"it", "late"}
    assert found["it"].detail == "first at (0,): got 4, expected 3"
    assert found["late"].detail == "first at (0,): got 3, expected 1.5"


def test_the_tolerance_is_the_operators_relative_to_the_reference_and_to_its_size() -> None:
    output = right(judge())
    assert misses(judge(rtol=0.25), 1.2 * output) is None
    assert misses(judge(rtol=0.25), 1.3 * output) is not None
    assert misses(judge(rtol=0.0, atol=0.25), output + 3.3) is None  # of a root mean square of 13.4
    assert misses(judge(rtol=0.0, atol=0.25), output + 3.4) is not None


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (torch.zeros(SIZE, 1), "returned shape (7, 1), expected (7,)"),
        (torch.zeros(SIZE - 1), "returned shape (6,), expected (7,)"),
        (torch.zeros(1).expand(SIZE), "returned a view of strides (0,) whose elements share memory"),
        (None, "returned NoneType, expected a tensor"),
        (3 * torch.arange(1.0, SIZE + 1).double(), "returned torch.float64, expected torch.float32"),
    ],
)
def test_what_is_no_output_of_its_kind_misses_as_a_whole(output: Any, said: str) -> None:
    found = misses(judge(), output)
    assert found is not None
    assert found.detail.startswith(said)
    assert (found.passed, found.misses, found.elements) == (False, SIZE, SIZE)


def test_what_is_broken_beside_the_outputs_is_told_whatever_these_are() -> None:
    judged = judge()
    one = looked(right(judged) + 1)
    one.taken["right"] = [(0, kept(right(judged)))]
    one.broken |= {"it": "returned memory that it keeps", "right": "changed its input"}
    found = judged.misses(one, False)
    assert {label: check.detail for label, check in found.items()} == one.broken
    assert all((check.passed, check.misses, check.elements) == (False, SIZE, SIZE) for check in found.values())


def test_of_a_large_output_as_many_elements_count_as_were_taken() -> None:
    judged = judge(lambda x: torch.full((1 << 18,), 3.0, dtype=torch.float64) * (x[0] == x[0]))
    found = misses(judged, torch.zeros(1 << 18))
    assert found is not None
    assert found.elements == found.misses < 1 << 18


NEXT_TO_1 = 1 + 2.0**-23
"""A unit in the last place above 1, where float32 has no number between."""


def step(at: float, height: float = 1.0) -> Compute:
    """3 x, and all of it higher from x[0] = at on."""
    return lambda x: 3 * x.double() + height * (float(x[0]) >= at)


@pytest.mark.parametrize(
    ("ulps", "excused"), [(1, True), (-1, True), (15, True), (-15, True), (64, False), (-64, False)]
)
def test_where_the_reference_jumps_within_what_rounding_moves_nobody_is_judged(ulps: int, excused: bool) -> None:
    """The backend rounds to the other side of the step, which lies so many units from the input."""
    at = 1 + ulps * 2.0**-23
    judged = judge(step(at))
    beyond = right(judged) + (ulps > 0)
    one = Round((AS_IT_WAS,), {"it": [(0, kept(beyond))]})
    if excused:
        with pytest.raises(Undecided):
            judged.misses(one, False)
    else:
        assert judged.misses(one, False).keys() == {"it"}
    assert torch.equal(input_of(judged), torch.arange(1.0, SIZE + 1))
    assert judged.misses(one, True).keys() == {"it"}, "somebody has to be judged in the end"


@pytest.mark.parametrize(("height", "excused"), [(0.3, True), (0.2, False)])
def test_a_small_jump_is_no_excuse_for_a_large_miss(height: float, excused: bool) -> None:
    judged = judge(step(NEXT_TO_1, height))
    if excused:
        with pytest.raises(Undecided):
            misses(judged, right(judged) + 1)
    else:
        assert misses(judged, right(judged) + 1) is not None


def test_that_the_reference_moves_a_little_everywhere_excuses_no_small_miss() -> None:
    judged = judge()
    assert misses(judged, right(judged) * (1 + 2e-5)) is not None


@pytest.mark.parametrize("wrong", [lambda y: torch.where(y > 3, y, torch.nan), lambda y: y[:-1], lambda _: None])
def test_next_to_a_jump_what_no_rounding_makes_is_a_miss_all_the_same(wrong: Callable[[torch.Tensor], Any]) -> None:
    judged = judge(step(NEXT_TO_1))
    assert misses(judged, wrong(right(judged))) is not None
    shared = looked(right(judged))
    shared.taken["it"] = [(0, take(output := right(judged), [output], lambda: 0.0))]
    assert judged.misses(shared, False)["it"].detail == "returned memory of its input"


def test_the_worst_element_says_whether_the_reference_jumps() -> None:
    """The first is at its step, the last is wrong by more."""
    judged = judge(lambda x: 3 * x.double() + (x.double() >= NEXT_TO_1) * (torch.arange(SIZE) == 0))
    output = right(judged)
    output[0] += 1
    with pytest.raises(Undecided):
        misses(judged, output)
    output[-1] += 2
    assert misses(judged, output) is not None


def test_a_reference_that_refuses_values_judges_nobody_unless_nobody_else_can() -> None:
    def refusing(x: torch.Tensor) -> torch.Tensor:
        if float(x[0]) != 1:
            raise UsageError("two scores lie too close")
        return 3 * x.double()

    judged = judge(refusing)
    with pytest.raises(Undecided):
        judged.misses(looked(right(judged)), False)
    with pytest.raises(UsageError, match="too close"):
        judged.misses(looked(right(judged)), True)
    one = Round((AS_IT_WAS,), {"it": [(0, kept(right(judged) + 1))]})
    judged.redrawing.put(AS_IT_WAS)
    with pytest.raises(Undecided):  # it refuses what is beside the values: it may jump there
        judged.misses(one, False)
    assert torch.equal(input_of(judged), torch.arange(1.0, SIZE + 1))


def unmoved(judged: Judge, place: int = 0, of: int = 0) -> dict[str, Check]:
    """An element changed its sign, and the output stayed as it was."""
    return judged.misses(Round((AS_IT_WAS, HALVED), unmoved={"it": (of, place)}), False)


def test_an_output_that_stays_when_an_element_changes_is_a_miss_where_the_reference_moves() -> None:
    judged = judge()
    for place in (0, 3, SIZE - 1):
        found = unmoved(judged, place)["it"]
        assert found.detail == "returned the same result although one element of its input had changed"
        assert (found.passed, found.misses, found.elements) == (False, SIZE, SIZE)
    assert torch.equal(input_of(judged), 0.5 * torch.arange(1.0, SIZE + 1)), "as the last reference had it"


def ignoring_the_sign_of_the_first_unless_halved(x: torch.Tensor) -> torch.Tensor:
    return x.double().abs() if abs(float(x[1])) == 2 else x.double()


def test_it_is_the_values_that_the_input_held_then_which_say_whether_it_has_to_move() -> None:
    judged = judge(ignoring_the_sign_of_the_first_unless_halved)
    assert unmoved(judged, of=0) == {}
    assert unmoved(judged, of=1).keys() == {"it"}


@pytest.mark.parametrize(("apart", "moves"), [(0.25, False), (0.5, True)])
def test_one_output_may_be_right_for_both_signs_where_the_tolerance_reaches_from_either(
    apart: float, moves: bool
) -> None:
    """1 + d and 1 - d: within a quarter of the larger, what lies between them is right for both up to d = 1/3."""
    by_size = judge(lambda x: 1 + apart * x[:1].double(), rtol=0.25)
    by_all = judge(lambda x: 1 + apart * x[:1].double(), rtol=0.0, atol=0.3 / (1 + apart))
    assert bool(unmoved(by_size)) is moves
    assert bool(unmoved(by_all)) is moves


def test_what_is_zero_for_either_sign_stays() -> None:
    assert unmoved(judge(lambda x: x.double().clamp(max=0) * (x < -5))) == {}


def test_nothing_has_to_move_where_the_reference_refuses_the_other_sign() -> None:
    def refusing(x: torch.Tensor) -> torch.Tensor:
        if float(x[0]) < 0:
            raise UsageError("no logarithm of it")
        return x.double()

    assert unmoved(judge(refusing)) == {}


def test_an_output_whose_shape_follows_from_the_values_has_to_change_with_it() -> None:
    """As of what survives a suppression."""
    found = unmoved(judge(lambda x: x[x > 0].double()), place=3)
    assert found["it"].detail.startswith("returned the same result")


def test_a_miss_that_was_found_is_told_before_what_did_not_move() -> None:
    judged = judge()
    one = looked(right(judged) + 1)
    one.unmoved["it"] = (0, 0)
    assert judged.misses(one, False)["it"].detail == "first at (0,): got 4, expected 3"
