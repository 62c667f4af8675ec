"""A key leads back to the very case, whatever kinds of values it has; other text is no key."""

from __future__ import annotations

import pytest

from opbench import Axes, Case, Point, catalog
from opbench.environments.case_key import EXAMPLE, case_of_key, required_case
from opbench.errors import UsageError


@pytest.mark.parametrize(
    "case",
    [
        Case(Point("fill", Axes({"kib": 3})), "torch_eager"),
        Case(Point("fill", Axes({"kib": 3}), "bfloat16", "cuda", "out", "cuda_events:cold"), "cpp_ext:flat", 1),
        Case(Point("of nobody", Axes({"a": 1.5, "b": True, "c": "x.y", "d": -3, "e": 1e-05})), "ours"),
        Case(Point("without_axes", Axes({})), "ours"),
    ],
)
def test_every_case_is_found_again(case: Case) -> None:
    found = case_of_key(case.key)
    assert found == case
    assert [type(value) for value in found.point.axes.values()] == [type(value) for value in case.point.axes.values()]


def test_a_name_that_looks_like_a_number_stays_a_name_where_the_operator_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(Point("named", Axes({"kind": "7"})), "ours")
    assert case_of_key(case.key) == Case(Point("named", Axes({"kind": 7})), "ours")

    class Named:
        axes = (type("Axis", (), {"name": "kind", "default": "3"}),)

    monkeypatch.setattr(catalog, "operator", lambda _: Named)
    assert case_of_key(case.key) == case


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tests/bench/test_it.py::test_it[7]",
        "a/b/c/d/e/k=3/test_it.py::test_it",
        "suite.time_it(3)",
        "fill/float32/cpu/forward/wall/kib=3",
        "fill/float32/cpu/forward/wall/kib/ours",
        "fill/float32/cpu/forward/wall/kib=/ours",
        "fill/float32/cpu/forward/wall/kib=3/ours#x",
        "fill/float32/cpu/forward/wall/kib=3/ours#1",
        "fill/float32/cpu/forward/wall/kib=3,/ours",
        "fill/float32/cpu/forward/wall/kib=3/ours/more",
    ],
)
def test_what_is_no_key_is_none_and_is_refused_where_one_is_asked_for(text: str) -> None:
    assert case_of_key(text) is None
    with pytest.raises(UsageError, match="is the key of no case"):
        required_case(text)


def test_the_example_is_one() -> None:
    assert case_of_key(EXAMPLE) is not None
