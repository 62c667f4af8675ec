"""A pytest plugin that runs no tests by itself: it answers requests, and a test waits inside its `benchmark(...)`.

    begin    set up the fixtures, run the test up to `benchmark(...)`, warm up        -> ready, or ended
    slice    take samples                                                             -> slice, or ended
    finish   let the test go on, to its own assertions and the fixtures' teardown     -> ended
    probe    all of it with one call and no clock                                     -> ended
    list, origins                                                                     -> what describing.py says
    collected                                                                         -> what could not be collected

Every run is a whole pytest run of that one test, by pytest's own protocol, with fixtures of all scopes made anew: the
project's conftest files, plugins and warning filters apply, and of two benchmarks only one's data is ever alive.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from opbench.gate.by_device import timer_for
from opbench.gate.collecting import Collecting, filters, is_benchmark
from opbench.gate.cores import on_core
from opbench.gate.describing import environment, listed, shared, strays
from opbench.gate.device_slices import DeviceSlices
from opbench.gate.ended import ended
from opbench.gate.fixture import Benchmark

if TYPE_CHECKING:
    from opbench.gate.assignment import Assignment
    from opbench.gate.channel import Channel
    from opbench.gate.timers import Slices
    from opbench.gate.wall import SetUpSlices

SHED = ("benchmark", "timeout", "rerunfailures", "hypothesispytest")
"""Plugins, by entry point, that cannot be there: pytest-benchmark refuses a fixture `benchmark` that is not its own; a
test that waits for its next slice is not late; one that failed is to be reported, not repeated; Hypothesis imports all
of itself for a look at each test, a third of a worker's start (1.0 s of 2.9)."""


class Serving:
    """collecting: a plugin to be registered beside it. served: whether pytest came as far as to answer requests."""

    def __init__(self, channel: Channel, assignment: Assignment) -> None:
        self._channel = channel
        self._assignment = assignment
        self._items: dict[str, Any] = {}
        self._filters: dict[str, str] = {}
        self._reports: list[Any] = []
        self._probing = False
        self._called = False
        self.collecting = Collecting()
        self.served = False

    @pytest.hookimpl(trylast=True)  # registered after the plugins' fixtures, this one's wins
    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "benchmark: mark a test with custom benchmark settings.")
        for name in SHED:
            if config.pluginmanager.has_plugin(name):
                config.pluginmanager.unregister(name=name)
        config.pluginmanager.register(Fixtures(self._hold), "opbench-gate-fixtures")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [item for item in session.items if is_benchmark(item)]
        self._items = {item.nodeid: item for item in items}
        self._filters = filters(session.config)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(self._assignment.threads)
        gc.freeze()  # what the imports left takes 0.3 s to go through, and a collection may come between any two slices
        self.served = True
        while (request := self._channel.read()) is not None:
            self._channel.send(self._answer(request))
        return True

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = self._assignment
        if "begin" in request or "probe" in request:
            self._probing = "probe" in request
            return self._run(request["probe" if self._probing else "begin"])
        if "collected" in request:
            return {"problems": self.collecting.problems}
        if "list" in request:
            return {
                "benchmarks": [listed(item, asked.tree) for item in self._items.values()],
                "problems": self.collecting.problems,
                "left_out": self.collecting.left_out,
                "filters": self._filters,
                "environment": environment(asked.device, asked.threads),
            }
        if "origins" in request:
            return {"strays": strays(asked.tree, asked.foreign), "shared": shared()}
        return {"refused": f"no benchmark is at work that could answer {sorted(request)}"}

    def _run(self, identity: str) -> dict[str, Any]:
        self._reports.clear()
        self._called = False
        item = self._items.get(identity)
        if item is None:
            return {
                "ended": {"outcome": "error", "message": "no benchmark of that name was collected"},
                "called": False,
            }
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        except Exception as exc:  # noqa: BLE001  (a plugin of the project's; the next benchmark may do without it)
            return {
                "ended": {"outcome": "error", "message": f"{type(exc).__name__}: {exc}".partition("\n")[0]},
                "called": False,
            }
        return {"ended": ended(self._reports), "called": self._called}

    def _hold(self, call: Callable[..., object], with_setup: SetUpSlices | None = None) -> None:
        """Called inside a test's `benchmark(...)`: answer slices until the test may go on."""
        self._called = True
        if self._probing:
            return
        asked = self._assignment
        if with_setup is not None and asked.device != "cpu":
            raise NotImplementedError(
                "pedantic with a setup or teardown is timed on the CPU only; prepare inputs before"
            )
        slices = with_setup or timer_for(asked.device)
        self._channel.send(_ready(slices, slices.prepare, call))
        while (request := self._channel.read()) is not None:
            if "finish" in request:
                return
            if "launches" in request and isinstance(slices, DeviceSlices):
                self._channel.send(_ready(slices, partial(slices.prepare, replay=False), call))
            elif "slice" in request:
                self._channel.send({"slice": _taken(slices, **request["slice"])})
            else:
                self._channel.send({"refused": f"a benchmark is at work and waits for slices, not {sorted(request)}"})
        os._exit(0)  # the gate is gone; nobody is left to tear down for


class Fixtures:
    """Registered later than any other plugin, since among fixtures of one name the last one counts."""

    def __init__(self, hold: Callable[..., None]) -> None:
        self._hold = hold

    @pytest.fixture
    def benchmark(self, request: pytest.FixtureRequest) -> Benchmark:
        """Times a function for the gate."""
        return Benchmark(request.node, self._hold)


def _ready(slices: Slices, prepare: Callable[..., float], call: Callable[..., object]) -> dict[str, Any]:
    """seconds: of a call. whole_s: of a sample that cannot be of more than one call, with its setup, or None."""
    with untraced():
        seconds = prepare(call)
    whole_s = getattr(slices, "whole_s", None)
    return {"ready": {"seconds": seconds, "whole_s": whole_s, "how": getattr(slices, "how", "")}}


def _taken(slices: Slices, calls: int, samples: int, core: int | None, **given: int) -> dict[str, Any]:
    """The fields of Slice but its worker. given: `round` and `order`, which only the caller knows."""
    with on_core(core), undisturbed():
        before, at_s = resource.getrusage(resource.RUSAGE_SELF), time.time()
        measured = slices.slice(calls, samples)
        after = resource.getrusage(resource.RUSAGE_SELF)
    return given | {
        "at_s": at_s,
        "calls": calls,
        "samples_s": measured.samples_s,
        "cpu_s": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
        "faults": after.ru_minflt - before.ru_minflt,
        "clock_hz": measured.clock_hz,
        "core": core,
    }


@contextmanager
def untraced() -> Iterator[None]:
    """Without a debugger's, a profiler's or a coverage tool's hook in every call."""
    tracing, profiling = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.settrace(tracing)
        sys.setprofile(profiling)


@contextmanager
def undisturbed() -> Iterator[None]:
    """The same, and without garbage collection, which would fall into one slice and not into the next."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with untraced():
            yield
    finally:
        if collecting:
            gc.enable()
