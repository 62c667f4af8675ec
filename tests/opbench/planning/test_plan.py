"""A plan counts its cases without making them, makes each once, and refuses what is wrong before the first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from opbench.errors import UsageError
from opbench.planning.plan import SOME, Plan, plan
from opbench.planning.remaining import Left, overview, remaining
from opbench.vocabulary.case import Point
from opbench.vocabulary.sweep import Grid, Sweep
from tests.rows import rows

FILL = Grid(("fill",), {"kib": (1, 2, 3)}, backends=("torch_eager",))

PLANE = Grid(
    ("cross_hadamard",),
    {"batch": (1, 3, 5), "edge": (5, 7)},
    backends=("torch_eager", "torch_select"),
    held={"channels": 9},
)

MANY = 10**5
"""Values of two axes, whose plane of ten thousand million points nobody lists; checking each value takes 4 us."""


def planned(*grids: Grid) -> Plan:
    return plan(Sweep("how many?", grids), "cpu", "wall")


def keys(tasks: Plan | Sequence[object]) -> list[str]:
    return [case.key for task in tasks for case in task.cases]  # type: ignore[attr-defined]


OVERLAPPING = [
    (FILL,),
    (FILL, FILL),
    (FILL, PLANE, FILL, PLANE),
    (replace(FILL, axes={"kib": (1, 1, 2)}),),
    (replace(FILL, operators=("fill", "fill")),),
    (replace(FILL, dtypes=("float32", "float64", "float32")), FILL),
    (PLANE, replace(PLANE, axes={"edge": (7, 9), "channels": (9, 11)}, held={"batch": 3})),
    (PLANE, replace(PLANE, axes={"edge": (7, 9)}), replace(PLANE, axes={"batch": (1,)}), PLANE),
    (replace(PLANE, operators=("cross_hadamard", "fill"), axes={}, held={}), PLANE, FILL),
    (replace(FILL, axes={"kib": ()}), FILL),
    (),
]


@rows("grids", OVERLAPPING)
def test_what_is_counted_is_what_is_made_and_each_case_once(grids: tuple[Grid, ...]) -> None:
    found = planned(*grids)
    made = keys(found)
    assert len(made) == len(set(made)) == found.cases
    assert len(list(found)) == len({task.point.key for task in found}) == len(found)
    assert {task.point.operator for task in found} == set(found.operators)
    assert {case.backend for task in found for case in task.cases} == found.backends
    alone = set().union(*(keys(planned(grid)) for grid in grids))
    assert {key.rpartition("/")[0] for key in made} == {key.rpartition("/")[0] for key in alone}


def test_the_last_axis_runs_fastest_and_points_have_numbers() -> None:
    found = planned(replace(PLANE, dtypes=("float32", "bfloat16"), modes=("forward", "out")))
    points = [task.point for task in found]
    assert [(point.axes["batch"], point.axes["edge"]) for point in points[:3]] == [(1, 5), (1, 7), (3, 5)]
    (part,) = found.parts
    assert [part.block.point(number) for number in range(len(part.block))] == points


def test_the_earlier_grid_says_which_backends_a_shared_point_has() -> None:
    other = replace(PLANE, backends=("torch_eager",), axes={"batch": (3, 9), "edge": (7,)})
    labels = {(task.point.axes["batch"], task.point.axes["edge"]): len(task.cases) for task in planned(PLANE, other)}
    assert labels[3, 7] == 2
    assert labels[9, 7] == 1


def endless(asked: list[Point]) -> Plan:
    def skip(point: Point) -> str | None:
        asked.append(point)
        return None

    return planned(replace(PLANE, axes={"batch": tuple(range(1, MANY)), "edge": tuple(range(1, MANY))}, skip=skip))


def test_a_plan_of_twenty_thousand_million_cases_begins_at_once() -> None:
    asked: list[Point] = []
    found = endless(asked)
    assert found.cases == 2 * (MANY - 1) ** 2
    assert not asked
    assert len(list(itertools.islice(found, 3))) == len(asked) == 3


def test_some_tasks_stand_for_all_of_a_plan() -> None:
    asked: list[Point] = []
    left = overview(endless(asked), set())
    assert left.total == left.cases == 2 * (MANY - 1) ** 2
    assert left.tasks == len(endless([])) == (MANY - 1) ** 2
    assert len(left.some) == len(asked) == SOME
    batches = [task.point.axes["batch"] for task in left.some]
    assert batches[0] == 1
    assert batches[-1] > 0.99 * MANY
    assert batches == sorted(batches)


def test_a_bad_value_is_refused_before_a_task_is_asked_for() -> None:
    huge = tuple(range(1, 10**5))
    for axes, says in (
        ({"channels": (*huge, 0)}, "axis 'channels' of operator 'ach' is 0; expected an integer >= 1"),
        ({"channels": huge, "chanels": (1,)}, "no axis 'chanels'"),
    ):
        with pytest.raises(UsageError, match=says):
            planned(FILL, Grid(("ach",), axes))
    with pytest.raises(UsageError, match="no backend 'tritn'"):
        planned(FILL, replace(PLANE, backends=("tritn",)))


def test_what_is_done_is_left_out_and_not_asked_about() -> None:
    asked: list[Point] = []
    grid = replace(PLANE, skip=asked.append)
    every = keys(planned(PLANE))
    found, done = planned(grid), {*every[:3], *every[6:], "another/case"}
    assert keys(list(remaining(found, done))) == every[3:6]
    assert len(asked) == 2
    assert overview(found, done) == Left(12, 3, 2, tuple(remaining(found, done)))
    assert overview(list(found), done) == overview(found, done)
    assert overview(found, set(every)) == Left(12, 0, 0, ())


@pytest.mark.parametrize("count", [0, 1, 2 * SOME, 2 * SOME + 1, 5 * SOME + 7])
def test_of_many_that_are_left_some_are_taken_evenly(count: int) -> None:
    found = planned(replace(FILL, axes={"kib": tuple(range(1, count + 2))}))
    left = overview(found, {keys(found)[0]})
    assert (left.total, left.cases, left.tasks) == (count + 1, count, count)
    taken = [task.point.axes["kib"] for task in left.some]
    assert len(taken) <= 2 * SOME
    assert taken[:1] == [2][:count]
    assert {later - earlier for earlier, later in itertools.pairwise(taken)} <= {1 + count // (2 * SOME + 1), 4}
