"""Progress of steps: nothing of what is over at once, and a line now and then where no terminal is."""

from __future__ import annotations

import sys

import pytest

from opbench.cli import stepped as module
from opbench.cli.stepped import StepBar, stepped


def test_steps_that_are_quick_are_told_by_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(stepped("abc", str, now=lambda: 7.0)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_a_pipe_gets_a_line_of_the_step_at_work_once_two_seconds_are_over(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 1.0, 3.0, 3.0, 4.0, 5.5, 5.5])  # at the start, then when each step begins and when it is told
    assert list(stepped([10, 11, 12, 13], lambda step: f"step {step}", now=lambda: next(clock))) == [10, 11, 12, 13]
    assert capsys.readouterr().err == "[1/4] step 11\n[3/4] step 13\n"


def test_a_terminal_has_a_bar_that_knows_the_step_at_work_and_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[tuple[int, int, str]] = []
    left: list[bool] = []

    class Noted(StepBar):
        def at(self, done: int, total: int, name: str) -> None:
            super().at(done, total, name)
            shown.append((done, total, name))

        def __exit__(self, *given: object) -> None:
            super().__exit__(*given)
            left.append(True)

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(module, "StepBar", Noted)
    assert list(stepped([10, 11, 12], lambda step: f"step {step}")) == [10, 11, 12]
    assert shown == [(0, 3, "step 10"), (1, 3, "step 11"), (2, 3, "step 12")]
    assert left == [True]
