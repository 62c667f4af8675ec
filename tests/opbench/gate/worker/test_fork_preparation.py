"""What a fork server does once for all forks, and what it leaves to each of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from opbench.gate.worker.fork_preparation import MEANT_FOR_TESTS, prepare


@pytest.mark.parametrize("failure", [None, SystemExit(4), ImportError("no such plugin")])
def test_pytest_is_started_in_an_empty_folder_without_what_is_meant_for_the_tests(
    failure: BaseException | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], set[str]]] = []

    def main(words: list[str]) -> None:
        started.append(([file.name for file in Path(words[-1]).iterdir()], set(os.environ)))
        if failure is not None:
            raise failure

    for name in MEANT_FOR_TESTS:
        monkeypatch.setenv(name, "-n 7")
    monkeypatch.setattr(pytest, "main", main)
    monkeypatch.setitem(sys.modules, "pytest_benchmark.plugin", ModuleType("without a tag"))
    prepare(["pytest"])
    ((listed, variables),) = started
    assert listed == []
    assert variables.isdisjoint(MEANT_FOR_TESTS)
    assert [os.environ[name] for name in MEANT_FOR_TESTS] == ["-n 7", "-n 7"]


def test_what_cannot_be_imported_keeps_nothing_else_from_being(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    prepare(["no_such_module_anywhere", "colorsys"])
    assert "colorsys" in sys.modules


def test_what_names_an_autosaved_file_asks_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = ModuleType("pytest_benchmark.plugin")
    plugin.get_tag = lambda: 1 / 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pytest_benchmark.plugin", plugin)
    monkeypatch.setattr(pytest, "main", lambda _: 5)
    prepare(["pytest"])
    assert plugin.get_tag() == ""
