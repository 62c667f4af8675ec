"""A pytest plugin that runs no tests by itself: it answers requests, and a test waits inside its `benchmark(...)`.

Which requests there are says protocol.py. Every run is a whole pytest run of that one test, by pytest's own protocol,
with fixtures of all scopes made anew: the project's conftest files, plugins and warning filters apply, and of two
benchmarks only one's data is ever alive.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from opbench.errors import unknown
from opbench.gate.worker.collection import CollectionPlugin, filters, is_benchmark
from opbench.gate.worker.cuda_timer import CudaTimer
from opbench.gate.worker.fixture import BenchmarkFixture
from opbench.gate.worker.introspection import describe_benchmark, environment, foreign_modules, preloadable
from opbench.gate.worker.outcome import outcome_of
from opbench.gate.worker.slices import TIMERS, taken_slice, warm_up
from opbench.gate.worker.timer import SetupTimer

if TYPE_CHECKING:
    from opbench.gate.worker.protocol import Connection, WorkerConfig

UNREGISTERED = ("benchmark", "timeout", "rerunfailures", "hypothesispytest")
"""Plugins, by entry point, that cannot be there: pytest-benchmark refuses a fixture `benchmark` that is not its own; a
test that waits for its next slice is not late; one that failed is to be reported, not repeated; Hypothesis imports all
of itself for a look at each test, a third of a worker's start (1.0 s of 2.9)."""


class WorkerPlugin:
    """collection: a plugin to be registered beside it. served: whether pytest came as far as to answer requests."""

    def __init__(self, connection: Connection, config: WorkerConfig) -> None:
        self._connection = connection
        self._config = config
        self._items: dict[str, Any] = {}
        self._filters: dict[str, str] = {}
        self._reports: list[Any] = []
        self._probing = False
        self._called = False
        self.collection = CollectionPlugin()
        self.served = False

    @pytest.hookimpl(trylast=True)  # registered after the plugins' fixtures, this one's wins
    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "benchmark: mark a test with custom benchmark settings.")
        for name in UNREGISTERED:
            if config.pluginmanager.has_plugin(name):
                config.pluginmanager.unregister(name=name)
        config.pluginmanager.register(FixturePlugin(self._wait_for_slices), "opbench-gate-fixtures")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [item for item in session.items if is_benchmark(item)]
        self._items = {item.nodeid: item for item in items}
        self._filters = filters(session.config)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(self._config.threads)
        gc.freeze()  # what the imports left takes 0.3 s to go through, and a collection may come between any two slices
        self.served = True
        while (request := self._connection.receive()) is not None:
            self._connection.send(self._answer(request))
        return True

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        config = self._config
        if "begin" in request or "probe" in request:
            self._probing = "probe" in request
            return self._run(request["probe" if self._probing else "begin"])
        if "collected" in request:
            return {"problems": self.collection.problems}
        if "list" in request:
            return {
                "benchmarks": [describe_benchmark(item, config.tree) for item in self._items.values()],
                "problems": self.collection.problems,
                "deselected": self.collection.deselected,
                "filters": self._filters,
                "environment": environment(config.device, config.threads),
            }
        if "modules" in request:
            return {"foreign": foreign_modules(config.tree, config.foreign), "preloadable": preloadable()}
        return {"refused": f"no benchmark is at work that could answer {sorted(request)}"}

    def _run(self, benchmark: str) -> dict[str, Any]:
        self._reports.clear()
        self._called = False
        item = self._items.get(benchmark)
        if item is None:
            return _error("no benchmark of that name was collected")
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        except Exception as exc:  # noqa: BLE001  (a plugin of the project's; the next benchmark may do without it)
            return _error(f"{type(exc).__name__}: {exc}".partition("\n")[0])
        return {"finished": outcome_of(self._reports), "called": self._called}

    def _wait_for_slices(self, call: Callable[..., object], with_setup: SetupTimer | None = None) -> None:
        """Called inside a test's `benchmark(...)`: answer slices until the test may go on."""
        self._called = True
        if self._probing:
            return
        device = self._config.device
        if with_setup is not None and device != "cpu":
            raise NotImplementedError(
                "pedantic with a setup or teardown is timed on the CPU only; prepare inputs before"
            )
        if device not in TIMERS:
            raise unknown("device", device, TIMERS)
        timer = with_setup or TIMERS[device]()
        self._connection.send(warm_up(timer, timer.prepare, call))
        while (request := self._connection.receive()) is not None:
            if "finish" in request:
                return
            if "launches" in request and isinstance(timer, CudaTimer):
                self._connection.send(warm_up(timer, partial(timer.prepare, replay=False), call))
            elif "slice" in request:
                self._connection.send({"slice": taken_slice(timer, **request["slice"])})
            else:
                problem = f"a benchmark is at work and waits for slices, not {sorted(request)}"
                self._connection.send({"refused": problem})
        os._exit(0)  # the gate is gone; nobody is left to tear down for


class FixturePlugin:
    """Registered later than any other plugin, since among fixtures of one name the last one counts."""

    def __init__(self, wait_for_slices: Callable[..., None]) -> None:
        self._wait_for_slices = wait_for_slices

    @pytest.fixture
    def benchmark(self, request: pytest.FixtureRequest) -> BenchmarkFixture:
        """Times a function for the gate."""
        return BenchmarkFixture(request.node, self._wait_for_slices)


def _error(message: str) -> dict[str, Any]:
    return {"finished": {"outcome": "error", "message": message}, "called": False}
