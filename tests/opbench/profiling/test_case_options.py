"""One case from the options: defaults filled in, everything else refused in one line that says what to do."""

from __future__ import annotations

import pytest

from opbench.errors import UsageError
from opbench.profiling.case_options import CaseOptions, select_case


def options(
    backend: str | None = "torch_eager",
    point: str | None = None,
    dtype: str = "float32",
    mode: str = "forward",
    **axes: tuple[int, ...],
) -> CaseOptions:
    return CaseOptions("cross_hadamard", axes, point, backend, dtype, mode)


def test_missing_axes_are_the_operators_defaults() -> None:
    case = select_case(options(channels=(17,)), "cpu")
    assert case.point.axes["channels"] == 17
    assert case.point.axes["batch"] == 1
    assert (case.backend, case.point.clock) == ("torch_eager", "wall")


def test_axes_come_in_one_word_or_as_options() -> None:
    together = select_case(options(point=" channels=17, edge=3", batch=(5,)), "cpu")
    assert together == select_case(options(channels=(17,), edge=(3,), batch=(5,)), "cpu")


def test_the_same_axis_twice_is_taken_where_both_agree() -> None:
    assert select_case(options(point="channels=17", channels=(17,)), "cpu").point.axes["channels"] == 17


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (options(backend=None), "name it with --backend; cross_hadamard has .*torch_eager"),
        (options(backend="torch_eager,cpp_ext"), r"--backend has 2 values \(torch_eager, cpp_ext\); give one"),
        (options(backend="torch_eagre"), "did you mean 'torch_eager'"),
        (options(dtype="float32,float64"), "--dtype has 2 values"),
        (options(mode="forward,out"), "--mode has 2 values"),
        (options(channels=(3, 5)), r"--channels has 2 values \(3, 5\)"),
        (options(chanels=(3,)), "did you mean 'channels'"),
        (options(point="channels"), "expected axes and their values, such as channels=64,edge=28"),
        (options(point="=3"), "expected axes and their values"),
        (options(point="channels=x"), "axis 'channels' .* is x; expected an integer"),
        (options(point="channels=3,channels=5"), "names axis 'channels' twice"),
        (options(point="channels=3", channels=(5,)), "is 3 in --point and 5 in --channels"),
    ],
)
def test_what_is_not_one_case_is_refused(wrong: CaseOptions, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        select_case(wrong, "cpu")
    assert "\n" not in str(caught.value)
