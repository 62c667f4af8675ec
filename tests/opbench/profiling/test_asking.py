"""One case from what was typed: defaults filled in, everything else refused in one line that says what to do."""

from __future__ import annotations

import pytest

from opbench.errors import UsageError
from opbench.profiling.asking import Typed, case_of


def typed(
    backend: str | None = "torch_eager",
    point: str | None = None,
    dtype: str = "float32",
    mode: str = "forward",
    **axes: tuple[int, ...],
) -> Typed:
    return Typed("cross_hadamard", axes, point, backend, dtype, mode)


def test_missing_axes_are_the_operators_defaults() -> None:
    case = case_of(typed(channels=(17,)), "cpu")
    assert case.point.axes["channels"] == 17
    assert case.point.axes["batch"] == 1
    assert (case.backend, case.point.clock) == ("torch_eager", "wall")


def test_axes_come_in_one_word_or_as_options() -> None:
    together = case_of(typed(point=" channels=17, edge=3", batch=(5,)), "cpu")
    assert together == case_of(typed(channels=(17,), edge=(3,), batch=(5,)), "cpu")


def test_the_same_axis_twice_is_taken_where_both_agree() -> None:
    assert case_of(typed(point="channels=17", channels=(17,)), "cpu").point.axes["channels"] == 17


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (typed(backend=None), "name it with --backend; cross_hadamard has .*torch_eager"),
        (typed(backend="torch_eager,cpp_ext"), r"--backend has 2 values \(torch_eager, cpp_ext\); give one"),
        (typed(backend="torch_eagre"), "did you mean 'torch_eager'"),
        (typed(dtype="float32,float64"), "--dtype has 2 values"),
        (typed(mode="forward,out"), "--mode has 2 values"),
        (typed(channels=(3, 5)), r"--channels has 2 values \(3, 5\)"),
        (typed(chanels=(3,)), "did you mean 'channels'"),
        (typed(point="channels"), "expected axes and their values, such as channels=64,edge=28"),
        (typed(point="=3"), "expected axes and their values"),
        (typed(point="channels=x"), "expected one or more non-negative integers"),
        (typed(point="channels=3,channels=5"), "names axis 'channels' twice"),
        (typed(point="channels=3", channels=(5,)), "is 3 in --point and 5 in --channels"),
    ],
)
def test_what_is_not_one_case_is_refused(wrong: Typed, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        case_of(wrong, "cpu")
    assert "\n" not in str(caught.value)
