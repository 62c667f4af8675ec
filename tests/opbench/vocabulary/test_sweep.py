"""A sweep's points, narrowed, completed and planned, without measuring anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from opbench import Axis, catalog
from opbench.cli.options import axes, integers, narrowing, one_of, split
from opbench.errors import UsageError
from opbench.planning.plan import _named, elsewhere_only, plan
from opbench.vocabulary.case import AxisValue
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.sweep import Every, Grid, Narrowing, Sweep

SWEEP = Sweep(
    "why?",
    (
        Grid(("cross_hadamard",), {"batch": (1,), "channels": (5, 7)}),
        Grid(("fill",), {"kib": (1, 2, 3)}, backends=("torch_eager",)),
    ),
)


def keys(sweep: Sweep) -> list[str]:
    return [case.key for task in plan(sweep, "cpu", "wall") for case in task.cases]


def test_every_case_is_planned_once() -> None:
    found = keys(SWEEP)
    assert len(found) == len(set(found)) == 2 * 4 + 3


def test_backends_for_another_device_are_left_out_unless_named() -> None:
    grid = Grid(("cross_hadamard",), {"channels": (5,)})
    assert not any("triton_jit" in key for key in keys(Sweep("?", (grid,))))
    assert "triton_jit" in elsewhere_only("cross_hadamard", "cpu")
    assert "triton_jit" not in elsewhere_only("cross_hadamard", "cuda")
    named = keys(Sweep("?", (replace(grid, backends=("triton_jit:flat",)),)))
    assert [key.rpartition("/")[2] for key in named] == ["triton_jit:flat"]


def test_defaults_complete_the_axes_in_declared_order() -> None:
    point = next(iter(plan(SWEEP, "cpu", "wall"))).point
    assert str(point.axes) == "batch=1,channels=5,edge=28,selected=0"


def test_narrowing_replaces_values_where_the_axis_is_and_drops_nothing_else() -> None:
    found = keys(SWEEP.narrowed(Narrowing(axes={"channels": (3,)})))
    assert len(found) == 4 + 3


def kinds(*asked: str | Every, operator: str = "cross_hadamard") -> list[str]:
    grid = Grid((operator,), {"channels": (5,)} if operator == "cross_hadamard" else {}, backends=asked)
    return [key.rpartition("/")[2] for key in keys(Sweep("?", (grid,)))]


def test_backends_of_a_kind_are_those_that_run_on_the_device_but_for_those_named_beside() -> None:
    assert kinds(Every("kernels")) == ["cpp_ext"]
    assert kinds(Every("framework"), "torch_eager") == ["torch_eager", "torch_select"]
    assert kinds(Every("kernels", "flat"), Every("kernels", "direct")) == ["cpp_ext:direct", "cpp_ext:flat"]


def test_a_kind_that_the_operator_has_not_is_no_backend_rather_than_all() -> None:
    assert kinds(Every("compiler"), operator="fill") == []
    assert kinds(Every("framework", "flat")) == []


def test_one_that_cannot_be_looked_into_is_asked_whatever_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its record says what is missing."""
    monkeypatch.setattr(catalog, "backend", lambda *_: Unavailable("cupy is not installed"))
    assert "cpp_ext" in _named((Every("runtime"),), "cross_hadamard", ("cpp_ext",))


def test_a_point_in_two_grids_is_measured_once() -> None:
    assert len(keys(Sweep("again?", SWEEP.grids * 2))) == len(keys(SWEEP))


def test_a_backend_listed_twice_becomes_two_replicas() -> None:
    by = Narrowing(operators=("fill",), backends=("torch_eager", "torch_eager"), axes={"kib": (1,)})
    assert [key.rpartition("/")[2] for key in keys(SWEEP.narrowed(by))] == ["torch_eager", "torch_eager#2"]


def test_a_backend_of_another_operator_in_the_sweep_is_no_error() -> None:
    grid = Grid(("cross_hadamard", "fill"), {}, backends=("torch_compile",))
    assert [key.partition("/")[0] for key in keys(Sweep("?", (grid,)))] == ["cross_hadamard"]


@pytest.mark.parametrize(
    ("by", "says"),
    [
        (Narrowing(axes={"chanels": (1,)}), "did you mean 'channels'"),
        (Narrowing(operators=("ghost",)), "no operator 'ghost' in this sweep"),
        (Narrowing(backends=("tritn",)), "no backend 'tritn'"),
        (Narrowing(backends=("cpp_ext:diagonal",)), "no schedule 'diagonal'"),
    ],
)
def test_unknown_names_are_refused_before_anything_runs(by: Narrowing, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(SWEEP.narrowed(by), "cpu", "wall")


def test_a_value_below_the_minimum_names_axis_and_minimum() -> None:
    sweep = Sweep("?", (Grid(("ach",), {"channels": (0,)}),))
    with pytest.raises(UsageError, match=r"axis 'channels' of operator 'ach' is 0; expected an integer >= 1"):
        plan(sweep, "cpu", "wall")


HELD = Sweep(
    "which plane?",
    (Grid(("cross_hadamard",), {"batch": (1, 3), "edge": (5, 7)}, held={"channels": 9}, backends=("torch_eager",)),),
)


def where(sweep: Sweep, device: str = "cpu", clock: str = "wall") -> list[str]:
    return [str(task.point.axes) for task in plan(sweep, device, clock)]


def test_a_held_axis_moves_by_one_value_and_stays_where_several_are_asked_for() -> None:
    one = where(HELD.narrowed(Narrowing(axes={"channels": (4,)})))
    several = where(HELD.narrowed(Narrowing(axes={"channels": (4, 6), "batch": (2,)})))
    assert one == [f"batch={batch},channels=4,edge={edge},selected=0" for batch in (1, 3) for edge in (5, 7)]
    assert several == [f"batch=2,channels=9,edge={edge},selected=0" for edge in (5, 7)]


def test_a_grid_of_another_device_asks_nothing_here() -> None:
    (grid,) = HELD.grids
    elsewhere = Sweep("where?", (replace(grid, device="cuda"), replace(grid, axes={"batch": (2,)}, device="cpu")))
    assert where(elsewhere) == ["batch=2,channels=9,edge=28,selected=0"]
    assert len(where(elsewhere, "cuda", "cuda_events:warm")) == 4


def test_a_skip_reason_stays_with_its_task() -> None:
    grid = Grid(("fill",), {"kib": (1, 2)}, skip=lambda point: "too big" if point.axes["kib"] > 1 else None)
    assert [task.skip for task in plan(Sweep("?", (grid,)), "cpu", "wall")] == [None, "too big"]


def test_a_point_whose_axes_do_not_go_together_is_skipped_with_the_reason() -> None:
    (task,) = plan(Sweep("?", (Grid(("ach",), {"channels": (4,), "expansion": (24,)}),)), "cpu", "wall")
    assert "expansion" in str(task.skip)


def test_axis_options_are_read_in_both_spellings() -> None:
    assert axes(["--channels", "16,32", "--edge=7", "--kib", "1,1"]) == {
        "channels": (16, 32),
        "edge": (7,),
        "kib": (1,),
    }


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["--edge"], "has no value"),
        (["--edge", "--batch", "1"], "has no value"),
        (["--edge", ","], "one or more"),
        (["--edge="], "one or more"),
    ],
)
def test_a_bad_axis_option_says_what_came(extra: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        axes(extra)


def test_axis_values_are_integers_numbers_truth_values_or_names() -> None:
    words = ["--rate=0.5,1e-3,-2", "--causal", "true,false", "--activation", "gelu,silu", "--order=1_0,+3"]
    assert axes(words) == {
        "rate": (0.5, 0.001, -2),
        "causal": (True, False),
        "activation": ("gelu", "silu"),
        "order": ("1_0", "+3"),
    }


KINDS = (
    Axis("rows", "", 3, minimum=2),
    Axis("rate", "", 0.5),
    Axis("causal", "", False),
    Axis("name", "", "any"),
    Axis("activation", "", "gelu", choices=("gelu", "silu")),
)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rows": 1}, "axis 'rows' of operator 'ach' is 1; expected an integer >= 2"),
        ({"rows": 2.0}, "is 2.0; expected an integer >= 2"),
        ({"rows": True}, "is True; expected an integer >= 2"),
        ({"rows": "x"}, "is x; expected an integer >= 2"),
        ({"rate": "x"}, "expected a number"),
        ({"rate": math.inf}, "expected a finite number"),
        ({"causal": 1}, "expected true or false"),
        ({"name": 3}, "expected a name"),
        ({"name": "a/b"}, "a name of letters, digits"),
        ({"activation": "relu"}, "expected one of gelu, silu"),
    ],
)
def test_an_axis_takes_values_of_its_defaults_type_alone(given: Mapping[str, AxisValue], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(catalog.operator("ach"), axes=KINDS).complete(given)


def test_an_integer_is_a_number_and_defaults_fill_in() -> None:
    completed = replace(catalog.operator("ach"), axes=KINDS).complete({"rate": 2, "activation": "silu"})
    assert completed == {"rows": 3, "rate": 2.0, "causal": False, "name": "any", "activation": "silu"}
    assert type(completed["rate"]) is float


def test_words_and_axes_come_in_any_order() -> None:
    expected = (["channels"], {"edge": (7, 14), "batch": (1,)})
    assert split("sweep", ["--edge", "7,14", "channels", "--batch=1"], needed=1) == expected
    assert split("sweep", ["channels", "--edge", "7,14", "--batch", "1"], needed=1) == expected


@pytest.mark.parametrize(("words", "says"), [(["a", "16"], "unexpected argument '16'"), ([], "no sweep named")])
def test_one_word_is_wanted_and_no_more(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        split("sweep", words, needed=1)


def test_values_of_options_are_checked() -> None:
    assert narrowing({}, dtypes="float32,bfloat16").dtypes == ("float32", "bfloat16")
    assert integers("edge", "7, 14") == (7, 14)
    with pytest.raises(UsageError, match="no dtype 'float'"):
        one_of("dtype", "float", ("float32",))


def test_the_committed_sweeps_plan_completely() -> None:
    for name in catalog.sweeps():
        assert keys(catalog.sweep(name))
