from __future__ import annotations

from typing import Any

import pytest

from impls.expansion.width import AXES, width
from opbench import Axes, Point, catalog
from opbench.errors import UsageError

OPERATORS = ["ach", "ghost", "pointwise"]


def axes(channels: int, expansion: int, batch: int = 1, edge: int = 1) -> Axes:
    return Axes({"batch": batch, "channels": channels, "expansion": expansion, "edge": edge})


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7, 16, 64, 65])
def test_the_selection_is_the_smallest_that_is_wide_enough(channels: int) -> None:
    for expansion in range(1, (channels + 1) // 2 + 1):
        actual = width(axes(channels, expansion))
        expected = channels * expansion
        assert actual.n == channels + actual.k * (actual.k - 1) // 2 >= expected
        assert actual.k == 0 or channels + (actual.k - 1) * (actual.k - 2) // 2 < expected


def test_no_expansion_selects_nothing() -> None:
    assert (width(axes(9, 1)).k, width(axes(9, 1)).n) == (0, 9)


@pytest.mark.parametrize(("channels", "most"), [(1, 1), (2, 1), (3, 2), (4, 2), (64, 32)])
def test_more_than_all_pairs_is_refused_and_the_most_is_named(channels: int, most: int) -> None:
    width(axes(channels, most))
    with pytest.raises(UsageError, match=f"expansion {most + 1} of {channels} .* ask for expansion <= {most} "):
        width(axes(channels, most + 1))


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_refuses_it_before_anything_is_allocated(name: str) -> None:
    operator = catalog.operator(name)
    point = Point(name, operator.complete({"channels": 4, "expansion": 24}))
    calls: list[Any] = [operator.sizes, operator.inputs, operator.work]
    for call, argument in zip(calls, (point.axes, point, point), strict=True):
        with pytest.raises(UsageError, match="expansion 24 of 4 channels"):
            call(argument)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_output_has_the_printed_width(name: str) -> None:
    operator = catalog.operator(name)
    for given in operator.check_points:
        point = Point(name, operator.complete(given))
        batch, edge = point.axes["batch"], point.axes["edge"]
        expected = (batch, operator.sizes(point.axes)["out_channels"], edge, edge)
        inputs = operator.inputs(point)
        assert operator.reference(point, inputs).shape == expected
        assert operator.eager(point)(*inputs.values()).shape == expected


def test_the_three_have_the_same_axes_and_widths() -> None:
    operators = [catalog.operator(name) for name in OPERATORS]
    at = axes(channels=64, expansion=5)
    assert {operator.axes for operator in operators} == {AXES}
    assert len({operator.sizes(at)["out_channels"] for operator in operators}) == 1
