"""A comparison that is interrupted: what was measured is kept, and no process is left."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import psutil
import pytest
import torch

import opbench
from opbench.cli.progress import Reporter
from opbench.custom import comparison
from opbench.custom.interrupted import Interrupted
from opbench.process.measuring_process import MeasuringProcess
from opbench.vocabulary.record import Measured, Record

LOCK = threading.Lock()


class Impatient(Reporter):
    """Somebody who presses the stop button once so many cases are on record."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def start(self, total: int, done: int) -> None:
        self.finished()

    def finished(self, record: Record | None = None) -> None:
        self._patience -= record is not None
        if not self._patience:
            raise KeyboardInterrupt


class Noted(MeasuringProcess):
    """Known by its id when it is gone."""

    pids: ClassVar[list[int]] = []

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.pids.append(self.pid)


@pytest.mark.parametrize(
    ("functions", "patience", "kept"),
    [([torch.relu], 2, 2), ([torch.relu], 0, 0), ([torch.relu, lambda x: (LOCK, x.relu())[1]], 3, 4)],
)
def test_what_was_measured_is_kept_and_no_process_is_left(
    functions: list[Any], patience: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "_reporter", lambda _: Impatient(patience))
    monkeypatch.setattr(comparison, "MeasuringProcess", Noted)
    Noted.pids.clear()
    callables = {f"f{number}": function for number, function in enumerate(functions)}
    with pytest.raises(Interrupted) as stopped:
        opbench.compare(
            callables, inputs=lambda rows: torch.ones(rows, 5), axes={"rows": [3, 5, 7]}, budget=0.002, name="stopped"
        )
    assert len(stopped.value.result) == kept
    assert all(isinstance(record.outcome, Measured) for record in stopped.value.result)
    total = 3 * len(functions)
    said = f"{kept} of {total} cases are kept" if kept else f"before the first of {total} cases"
    assert said in str(stopped.value)
    assert stopped.value._render_traceback_() == [str(stopped.value)]
    assert "\n" not in str(stopped.value)
    assert not [pid for pid in Noted.pids if psutil.pid_exists(pid)]
    assert len(Noted.pids) == (len(functions) == 1 and kept > 0)
