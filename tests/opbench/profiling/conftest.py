"""What the tests of `opbench profile` share."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from opbench.plan import Task
from opbench.profiling import traces
from opbench.profiling.profiled import KernelRow, PeakMemory
from opbench.profiling.traces import Trace
from opbench.record import Record
from opbench.run import Runner

_MEASURED: dict[str, Record] = {}


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a case that an earlier test measured with the same settings, the record and the environment are written as
    they were: what a profile adds is the point, and a measuring process takes 4 s to say the same again.
    """
    measured = Runner.go

    def go(self: Runner, tasks: Sequence[Task]) -> None:
        (case,) = tasks[0].cases
        key = f"{case.key} {self.settings.to_json()}"
        if key not in _MEASURED:
            measured(self, tasks)
            _MEASURED[key] = self.run.records()[-1]
            return
        record = _MEASURED[key]
        self.run.write_json("environment.json", {**record.environment, "revision": record.revision})
        self.run.append([record])

    monkeypatch.setattr(Runner, "go", go)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, remembered: None) -> Trace:
    """A trace that no process had to record, of a case that at most one measured."""
    row = KernelRow("aten::mul", "elementwise", 1, 1e-6, 0.5)
    found = Trace(b'{"traceEvents": []}', 3, (row,), PeakMemory(1024))
    monkeypatch.setattr(traces, "trace_of", lambda *_: found)
    return found
