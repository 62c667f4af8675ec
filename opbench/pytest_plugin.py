"""The pytest plugin: a fixture `opbench`, whose comparisons a test is held to, and one run on disk for the session.

pytest loads it in every run of whoever has opbench installed, so it imports nothing but pytest before a test asks for
the fixture. Records travel on the reports of their tests, which pytest-xdist carries to the process that writes them;
measurements of its workers wait for each other, as all of opbench's do (`opbench.store.lock`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from opbench.custom.result import Result
    from opbench.custom.tested import Kept

RESULTS = "results"
"""Below the folder pytest is called in: where commands keep their runs too."""

KEPT: pytest.StashKey[Kept] = pytest.StashKey()


class NotMeasuredWarning(UserWarning):
    """Some of the callables of a comparison have no latency, for a reason that is not theirs."""


class OpbenchFixture:
    """What the fixture `opbench` is.

    name: of the test. module: that it is in. enabled: whether anything is timed.
    budget_s: seconds of samples a callable and point, in the place of what tests ask for; None for theirs.
    """

    def __init__(self, name: str, module: str, kept: Kept, enabled: bool, budget_s: float | None) -> None:
        self.enabled = enabled
        self._name, self._module, self._kept, self._budget_s = name, module, kept, budget_s
        self._compared = 0

    def compare(
        self,
        implementations: Any,
        inputs: Callable[..., Any],
        axes: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> Result:
        """As `opbench.compare`, with the same arguments; the operator has the name of the test.

        The test fails where a callable is wrong or raises, with the first wrong element. It is skipped where nothing
        could be measured (no device, or too busy a machine), and goes on with a NotMeasuredWarning where some could
        not. With --opbench-disable those that are right are `Unavailable` in the result, and `enabled` is False.
        """
        __tracebackhide__ = True
        from opbench.custom.comparison import compare
        from opbench.custom.pickling import by_value
        from opbench.custom.tested import judged
        from opbench.errors import MachineError, UsageError

        self._compared += 1
        name = self._name if self._compared == 1 else f"{self._name}-{self._compared}"
        own = {} if self._budget_s is None else {"budget": self._budget_s}
        skipped = failed = ""
        try:
            with by_value(self._module):
                asked = {"name": name, "timed": self.enabled, "quiet": True, **given, **own}
                result = compare(implementations, inputs, axes, **asked)
        except MachineError as exc:
            skipped = str(exc)
        except UsageError as exc:
            failed = str(exc)
        if skipped:
            pytest.skip(f"opbench: {skipped}")  # out here, where no traceback of ours hangs on it
        if failed:
            pytest.fail(f"opbench: {failed}")
        self._kept.add(result)
        judgement = judged(result)
        if judgement.wrong:
            pytest.fail(judgement.wrong)
        if judgement.nothing:
            pytest.skip(judgement.nothing)
        if judgement.missing:
            warnings.warn(judgement.missing, NotMeasuredWarning, stacklevel=2)
        return result


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("opbench", "opbench: callables checked and measured by tests")
    group.addoption(
        "--opbench-results",
        metavar="DIR",
        default=RESULTS,
        help="folder below which this run's records are kept, as pytest/RUN (default: %(default)s)",
    )
    group.addoption("--opbench-disable", action="store_true", help="check each callable at each point, and time none")
    group.addoption(
        "--opbench-budget",
        metavar="SECONDS",
        type=float,
        help="seconds of samples a callable and point, whatever tests ask for",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist, whose reports go to the process that writes
        config.pluginmanager.register(Session(config), "opbench-session")


@pytest.fixture
def opbench(request: pytest.FixtureRequest) -> OpbenchFixture:
    """Callables checked against each other and timed: `opbench.compare({...}, inputs=..., axes=...)`."""
    from opbench.custom.tested import Kept

    kept = request.node.stash[KEPT] = Kept()
    option = request.config.option
    name = re.sub(r"[^A-Za-z0-9_.+-]", "-", re.sub(r"(\.py)?::|/", ".", request.node.nodeid)).strip("-.")
    module = getattr(getattr(request.node, "module", None), "__name__", "")
    return OpbenchFixture(name, module, kept, not option.opbench_disable, option.opbench_budget)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """The report of a test carries what it measured, as text, since it may travel to another process."""
    report = yield
    if call.when == "call" and KEPT in item.stash:
        report.opbench = item.stash[KEPT].carried()
    return report


class Session:
    """Where reports come together: what their tests measured is written once, when all are over, and told."""

    def __init__(self, config: pytest.Config) -> None:
        self._results = Path(config.invocation_params.dir, config.option.opbench_results)
        if self._results.exists() and not self._results.is_dir():
            raise pytest.UsageError(f"--opbench-results is {self._results}, a file; expected a folder, or a new one")
        self._timed = not config.option.opbench_disable
        self._carried: dict[str, Any] = {}
        self._told = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, "opbench"):
            self._carried[report.nodeid] = report.opbench  # of a test that is run again, the last

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self._carried:
            return
        from opbench.custom.tested import checked, written
        from opbench.errors import OpbenchError

        try:
            self._told = written(self._carried, self._results) if self._timed else checked(self._carried)
        except OpbenchError as exc:
            self._told = f"what was measured could not be kept: {exc}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._told:
            terminalreporter.section("opbench")
            terminalreporter.write_line(self._told)
