"""A pytest plugin that keeps collection in the worker's own process, and records how it went."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

NOT_DISTRIBUTED: dict[str, Any] = {
    "numprocesses": None,
    "maxprocesses": None,
    "dist": "no",
    "distload": False,
    "tx": [],
    "looponfail": False,
}
"""pytest-xdist's options, by their destination, as they are where nobody asks for its processes."""

OPTIONS_OF_OURS = {"--opbench-results": "store", "--opbench-budget": "store", "--opbench-disable": "store_true"}
"""Options of opbench's own plugin, which is not loaded here, by what they do: a project's ini file may have them."""


class CollectionPlugin:
    """problems: a line for each part of the tests that could not be collected.
    deselected: ids of benchmarks that filters left out.
    usage_error: whether pytest refused the paths or the filter it was given, not what it found there.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.deselected: list[str] = []
        self.usage_error = False

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        for option, action in OPTIONS_OF_OURS.items():
            parser.addoption(option, action=action)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, Any, None]:
        """In one process, whatever the project's options, its environment's or its ini file's ask for.

        A wrapper: pytest-xdist reads its options in this hook, and first of all that are none.
        """
        for name, value in NOT_DISTRIBUTED.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        outcome = yield
        refused = outcome.excinfo is not None and issubclass(outcome.excinfo[0], pytest.UsageError)
        self.usage_error = refused and not self.problems

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lines = [line.strip() for line in str(report.longrepr).splitlines() if line.strip()]
            errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
            self.problems.append(f"{report.nodeid}: {(errors or lines or ['it says nothing'])[-1]}")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.deselected += [item.nodeid for item in items if is_benchmark(item)]


def is_benchmark(item: pytest.Item) -> bool:
    return "benchmark" in getattr(item, "fixturenames", ())


def filters(config: pytest.Config) -> dict[str, str]:
    """The expressions that pytest selects tests by, by option, as the project's options or the gate's have them."""
    expressions = {"-k": config.option.keyword, "-m": config.option.markexpr}
    return {option: expression for option, expression in expressions.items() if expression}
