"""What programs are forked from: where it ends before its time the test is told so, and the next one has another."""

from __future__ import annotations

import pytest

from . import commands
from .commands import Interpreter

UNASKED, ASKED = "raise SystemExit(7)", "input(); raise SystemExit(7)"


@pytest.mark.parametrize("ends", [UNASKED, ASKED])
def test_an_interpreter_that_ends_is_told_of_and_another_is_started(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = Interpreter()
    monkeypatch.setattr(commands, "FORKS", ends)
    with pytest.raises(AssertionError, match="ended with 7 and no answer"):
        interpreter._answer("{}")
    monkeypatch.setattr(commands, "FORKS", "input(); print(3)")
    assert interpreter._answer("{}") == 3
    interpreter.close()
