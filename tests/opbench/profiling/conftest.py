"""What the tests of `opbench profile` share."""

from __future__ import annotations

import pytest

from opbench.profiling import traces
from opbench.profiling.profiled import KernelRow, PeakMemory
from opbench.profiling.traces import Trace


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Trace:
    """A trace that no process had to record."""
    row = KernelRow("aten::mul", "elementwise", 1, 1e-6, 0.5)
    found = Trace(b'{"traceEvents": []}', 3, (row,), PeakMemory(1024))
    monkeypatch.setattr(traces, "trace_of", lambda *_: found)
    return found
