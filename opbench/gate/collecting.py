"""A pytest plugin that keeps collection in the worker's own process, and what is to be told of it afterwards."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

ALONE: dict[str, Any] = {
    "numprocesses": None,
    "maxprocesses": None,
    "dist": "no",
    "distload": False,
    "tx": [],
    "looponfail": False,
}
"""pytest-xdist's options, by their destination, as they are where nobody asks for its processes."""


class Collecting:
    """problems: a line for each part of the tests that could not be collected. left_out: ids of benchmarks that filters
    left out. misasked: whether pytest refused the paths or the filter it was given, not what it found there.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.left_out: list[str] = []
        self.misasked = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, Any, None]:
        """In one process, whatever the project's options, its environment's or its ini file's ask for.

        A wrapper: pytest-xdist reads its options in this hook, and first of all that are none.
        """
        for name, value in ALONE.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        outcome = yield
        refused = outcome.excinfo is not None and issubclass(outcome.excinfo[0], pytest.UsageError)
        self.misasked = refused and not self.problems

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lines = [line.strip() for line in str(report.longrepr).splitlines() if line.strip()]
            errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]
            self.problems.append(f"{report.nodeid}: {(errors or lines or ['it says nothing'])[-1]}")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.left_out += [item.nodeid for item in items if is_benchmark(item)]


def is_benchmark(item: pytest.Item) -> bool:
    return "benchmark" in getattr(item, "fixturenames", ())


def filters(config: pytest.Config) -> dict[str, str]:
    """Those that pytest chooses tests by, by option, as the project's options or the gate's have them."""
    words = {"-k": config.option.keyword, "-m": config.option.markexpr}
    return {option: word for option, word in words.items() if word}
