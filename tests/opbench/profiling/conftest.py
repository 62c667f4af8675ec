"""What the tests of `opbench profile` share."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from opbench.planning.plan import Task
from opbench.profiling import recorded_trace
from opbench.profiling.kernel_table import KernelRow
from opbench.profiling.recorded_trace import PeakMemory, RecordedTrace
from opbench.running.runner import Runner
from opbench.vocabulary.record import Record

_RECORDS: dict[str, Record] = {}


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a case that an earlier test measured with the same settings, the record and the environment are written as
    they were: what a profile adds is the point, and a measuring process takes 4 s to say the same again.
    """
    measure = Runner.go

    def go(self: Runner, tasks: Sequence[Task]) -> None:
        (case,) = tasks[0].cases
        key = f"{case.key} {self.settings.to_json()}"
        if key not in _RECORDS:
            measure(self, tasks)
            _RECORDS[key] = self.run.records()[-1]
            return
        record = _RECORDS[key]
        self.run.write_json("environment.json", {**record.environment, "revision": record.revision})
        self.run.append([record])

    monkeypatch.setattr(Runner, "go", go)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, remembered: None) -> RecordedTrace:
    """A trace that no process had to record, of a case that at most one measured."""
    row = KernelRow("aten::mul", "elementwise", 1, 1e-6, 0.5)
    trace = RecordedTrace(b'{"traceEvents": []}', 3, (row,), PeakMemory(1024))
    monkeypatch.setattr(recorded_trace, "record_trace", lambda *_: trace)
    return trace
