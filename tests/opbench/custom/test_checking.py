"""`timed=False`: what is right is told from what is wrong, raises or cannot be had, and nothing is timed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import opbench
from opbench import Failed, Mismatch, Unavailable
from opbench.custom import comparison
from opbench.vocabulary.record import NOT_TIMED


def raising(x: Tensor) -> Tensor:
    raise ValueError("no")


def random_rows(rows: int) -> Tensor:
    return torch.randn(rows, 5)


def checked(inputs: Any = random_rows, **callables: Any) -> dict[str, Any]:
    found = opbench.compare(callables, inputs=inputs, axes={"rows": [0, 3]}, timed=False, name="checked")
    assert len(found) == 2 * len(callables)
    return {record.case.label: record.outcome for record in found}  # of each the last, which is not empty


def test_each_callable_is_checked_in_this_process_and_none_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "Runner", None)
    threads, gradients = torch.get_num_threads(), torch.is_grad_enabled()
    found = checked(relu=torch.relu, wrong=torch.neg, raising=raising)
    assert found["relu"] == Unavailable(NOT_TIMED)
    assert isinstance(found["wrong"], Mismatch)
    assert found["raising"] == Failed("prepare", "ValueError: no")
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, gradients)


def test_inputs_that_raise_are_each_callables_failure() -> None:
    def no_inputs(rows: int) -> Tensor:
        raise ValueError(f"no {rows} rows")

    found = checked(no_inputs, relu=torch.relu)
    assert found["relu"] == Failed("work, inputs or reference", "ValueError: no 3 rows")
