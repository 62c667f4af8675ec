"""How a program that is a module of its own ends."""

from __future__ import annotations

import pytest

from opbench.cli.exit_code import exit_code
from opbench.errors import MachineError, OpbenchError, UsageError


def test_what_is_done_ends_with_nothing_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[int] = []
    assert exit_code("program", lambda: done.append(1)) == 0
    assert done == [1]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("error", "code"), [(UsageError("no\x1b[31m file"), 2), (MachineError("no disk"), 3)])
def test_an_error_of_ours_is_one_line_and_its_exit_code(
    error: OpbenchError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise error

    assert exit_code("program", work) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("program: no")
    assert line.isprintable()


def test_any_other_error_is_a_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code("program", lambda: 1 // 0)
