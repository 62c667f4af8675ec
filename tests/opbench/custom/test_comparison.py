"""Callables of a user's own: right ones have a latency, wrong ones say why, whichever process they are in."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import opbench
from opbench import Failed, Measured, Mismatch
from opbench.custom.result import Result
from opbench.errors import UsageError

LOCK = threading.Lock()


def staying(x: Tensor) -> Tensor:
    return x.relu()


def random_rows(rows: int) -> Tensor:
    return torch.randn(rows, 5)


def compared(implementations: Any, here: bool = True, **given: Any) -> Result:
    """here: whether something is among the callables that keeps all of them in this process."""
    kept = {"held": lambda x: (LOCK, functional.relu(x))[1]} if here else {}
    arguments = {"inputs": random_rows, "axes": {"rows": [3]}, "budget": 0.002, "quiet": True, **given}
    return opbench.compare({**implementations, **kept}, **arguments)


class Thrice(torch.autograd.Function):
    """Right forward, wrong backward."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.relu()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return 3 * gradients[0]


def thrice(x: Tensor) -> Tensor:
    result: Tensor = Thrice.apply(x)  # type: ignore[no-untyped-call]
    return result


def test_gradients_are_checked_and_timed_likewise() -> None:
    functions = {"relu": functional.relu, "wrong": thrice, "clamped": lambda x: x.clamp(min=0)}
    for mode, kinds in (("forward", [Measured] * 3), ("backward", [Measured, Measured, Mismatch])):
        found = compared(functions, mode=mode, name=f"gradients_{mode}")
        kind = {record.case.label: type(record.outcome) for record in found}
        assert [kind[name] for name in ("relu", "clamped", "wrong")] == kinds
        assert {record.case.point.mode for record in found} == {mode}


def raises_at_five(x: Tensor) -> Tensor:
    if x.shape[0] == 5:
        raise ValueError("not five")
    return x.relu()


def test_right_wrong_and_raising_callables_each_have_their_record() -> None:
    found = compared(
        {"relu": functional.relu, "wrong": torch.neg, "raising": raises_at_five}, axes={"rows": [3, 5]}, name="fates"
    )
    fates = {(record.case.label, record.case.point.axes["rows"]): record.outcome for record in found}
    assert all(isinstance(fates["relu", rows], Measured) for rows in (3, 5))
    assert all(isinstance(fates["wrong", rows], Mismatch) for rows in (3, 5))
    assert isinstance(fates["raising", 3], Measured)
    failed = fates["raising", 5]
    assert isinstance(failed, Failed)
    assert failed.reason == "ValueError: not five"
    assert "first at (0, " in str(found)
    (note,) = found.notes
    assert "measured in this process" in note
    assert "cannot pickle '_thread.lock'" in note


def test_a_process_of_their_own_knows_callables_and_says_that_memory_is_pinned() -> None:
    factor = 3.0
    found = compared({"product": lambda x: x * factor, "sum": lambda x: x + x + x}, here=False, name="apart")
    assert [type(record.outcome) for record in found] == [Measured, Measured]
    assert found.notes == ()
    assert found.environment["pinned"]["MALLOC_TOP_PAD_"]


def state() -> tuple[Any, ...]:
    return torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()


def test_this_process_is_left_as_it_was() -> None:
    before = state()
    compared({}, name="left", threads=1)
    assert state() == before


@pytest.mark.parametrize(
    ("axes", "functions"),
    [
        ({"activation": [functional.relu, torch.tanh], "rows": [3]}, {("relu", 3), ("tanh", 3)}),
        ({"activation": ["relu"], "rows": [0, 3]}, {("relu", 0), ("relu", 3)}),
    ],
)
def test_axes_may_be_functions_and_names_and_sizes_nothing(axes: Any, functions: set[Any]) -> None:
    def inputs(activation: Any, rows: int) -> tuple[Tensor, Any]:
        return torch.randn(rows, 5), activation if callable(activation) else getattr(torch, activation)

    found = opbench.compare(
        {"called": lambda x, f: f(x), "twice": lambda x, f: (LOCK, f(x))[1]},
        inputs=inputs,
        axes=axes,
        budget=0.002,
        quiet=True,
        name="kinds",
    )
    points = {(record.case.point.axes["activation"], record.case.point.axes["rows"]) for record in found}
    assert points == functions
    assert all(isinstance(record.outcome, Measured) for record in found)


def test_results_are_saved_loaded_framed_drawn_and_held_against_each_other(tmp_path: Path) -> None:
    found = compared({"relu": functional.relu}, axes={"rows": [3, 5]}, dtype=["float32", "float64"], name="kept")
    folder = found.save("today", tmp_path)
    assert (folder / "report.html").exists()
    loaded = opbench.load("today", tmp_path)
    assert loaded.records == found.records
    assert list(loaded.frame()["rows"].unique()) == [3, 5]
    assert loaded.plot(x="rows")._repr_svg_().startswith("<?xml") or "<svg" in loaded.plot()._repr_svg_()
    assert {row.verdict for row in loaded.against(found).rows} == {"undecided"}
    html = found._repr_html_()
    assert html.count("<tr>") == 1 + len(found)
    with pytest.raises(UsageError, match="no axis 'hidden' of numbers"):
        found.plot(x="hidden")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"dtype": "float8"}, "no dtype 'float8'"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"axes": {"rows": []}}, "has no values"),
        ({"budget": 0}, "--budget is 0"),
        ({"name": "cross_hadamard"}, "there is an operator 'cross_hadamard' already"),
    ],
)
def test_what_cannot_be_compared_is_one_line_before_anything_is_measured(given: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        compared({"relu": functional.relu}, **given)


def test_callables_without_names_of_their_own_are_refused() -> None:
    with pytest.raises(UsageError, match="callables are named lambda, lambda; give a dict"):
        opbench.compare([lambda x: x, lambda x: x + 0], inputs=random_rows, axes={"rows": [3]})
