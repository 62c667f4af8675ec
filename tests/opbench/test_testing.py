"""What tests of other packages ask: right is silence, wrong is an AssertionError with a line for each case."""

from __future__ import annotations

import pytest

from opbench.errors import UsageError
from opbench.testing import assert_correct
from opbench.vocabulary.record import Check, Unavailable


def test_what_is_right_is_returned_with_what_cannot_run(liar: str) -> None:
    verdicts = assert_correct(liar, ("honest", "missing"), axes={"size": (7, 131)}, modes=("forward",))
    found = {(case.backend, case.point.axes["size"]): type(verdict) for case, verdict in verdicts.items()}
    assert found == {
        ("honest", 7): Check, ("honest", 131): Check, ("missing", 7): Unavailable, ("missing", 131): Unavailable,
    }  # fmt: skip


def test_all_check_points_and_modes_are_asked_where_none_is_named() -> None:
    verdicts = assert_correct("fill", ("torch_eager",), dtypes=("float32", "bfloat16"))
    asked = {(case.point.axes["kib"], case.point.dtype, case.point.mode) for case in verdicts}
    assert asked == {
        (kib, dtype, mode)
        for kib in (0, 1, 7, 1021)
        for dtype in ("float32", "bfloat16")
        for mode in ("forward", "out")
    }


def test_every_case_that_is_wrong_is_a_line(liar: str) -> None:
    with pytest.raises(AssertionError) as wrong:
        assert_correct(liar, ("honest", "zeros", "raises"), axes={"size": (7,)}, modes=("forward",))
    zeros, raises = sorted(str(wrong.value).splitlines(), reverse=True)
    assert zeros.startswith("liar/float32/cpu/forward/none/size=7/zeros: 7 of 7 elements missed; ")
    assert raises == (
        "liar/float32/cpu/forward/none/size=7/raises: failed in check: RuntimeError: no kernel image is available"
    )


def test_a_check_that_checks_nothing_does_not_pass(liar: str) -> None:
    with pytest.raises(AssertionError, match=r"no case of operator 'liar' passed: cupy_of_the_future is not installed"):
        assert_correct(liar, ("missing",), axes={"size": (7,)}, modes=("forward",))


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"operator": "fil"}, "no operator 'fil'"),
        ({"operator": "fill", "backends": ("torch_eagr",)}, "no backend 'torch_eagr'"),
        ({"operator": "fill", "axes": {"kb": (1,)}}, "no axis 'kb'"),
    ],
)
def test_what_does_not_exist_is_told(named: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        assert_correct(**named)  # type: ignore[arg-type]  # as a test of another package may be wrong
