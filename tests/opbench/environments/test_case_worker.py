"""What a worker answers about cases: right ones are timed, wrong, absent and failing ones say so, each once checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opbench import Axes, Case, Point, catalog, operator_files
from opbench.environments.case_worker import CaseWorker
from opbench.gate.worker.timer import CpuTimer

OPERATOR = """
import torch
import opbench

CALLS = {"reference": 0, "late": 0}

@opbench.operator(axes={"rows": 7})
def own_double(x):
    CALLS["reference"] += x.dtype == torch.float64
    return x + x

@own_double.inputs
def _(rows):
    return torch.randn(rows, 3)

@own_double.backend("wrong")
def _(x):
    return 3 * x

@own_double.backend("raises")
def _(x):
    raise RuntimeError("no such kernel")

@own_double.backend("gpu", device="cuda")
def _(x):
    return x + x

@own_double.backend("late")
def _(x):
    CALLS["late"] += 1
    if CALLS["late"] > 3:
        raise RuntimeError("worn out")
    return x + x
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CaseWorker]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(operator_files.VARIABLE, "")
    file = tmp_path / "own_cases.py"
    file.write_text(OPERATOR)
    operator_files.use(str(file))
    point = Point("own_double", Axes({"rows": 7}))
    names = catalog.backend_names("own_double")
    yield CaseWorker({name: Case(point, name) for name in names}, "cpu", 1)
    operator_files._declared.cache_clear()
    sys.modules.pop("own_cases", None)


SLICE = {"calls": 3, "samples": 5, "core": None, "round": 2, "order": 1}


def test_it_lists_its_cases_with_what_they_are_and_where_it_runs(worker: CaseWorker) -> None:
    answer = worker.answer({"list": {}})
    listed = {one["id"]: one["params"] for one in answer["benchmarks"]}
    assert list(listed) == ["eager", "gpu", "late", "raises", "wrong"]
    assert listed["wrong"]["backend"] == "wrong"
    assert listed["wrong"]["rows"] == "7"
    assert answer["environment"]["threads"] == 1
    assert answer["environment"]["versions"]["torch"]
    assert answer["environment"]["packages"] > 1
    assert answer["problems"] == worker.answer({"collected": {}})["problems"] == []


@pytest.mark.parametrize(
    ("name", "outcome", "says"),
    [
        ("eager", "passed", ""),
        ("wrong", "invalid", "wrong: 21 of 21 elements outside the tolerance"),
        ("raises", "failed", "failed in prepare: RuntimeError: no such kernel"),
        ("gpu", "skipped", "unavailable: runs on cuda, not on cpu"),
    ],
)
def test_only_what_is_right_here_passes_and_may_be_timed(
    worker: CaseWorker, name: str, outcome: str, says: str
) -> None:
    probed = worker.answer({"probe": name})
    assert probed["finished"]["outcome"] == outcome
    assert probed["finished"]["message"].startswith(says)
    begun = worker.answer({"begin": name})
    assert ("ready" in begun) == (outcome == "passed")
    assert ("slice" in worker.answer({"slice": SLICE})) == (outcome == "passed")


def test_a_slice_has_the_samples_asked_for_and_nothing_is_at_work_after_the_end(worker: CaseWorker) -> None:
    assert worker.answer({"begin": "eager"})["ready"]["whole_s"] is None
    taken = worker.answer({"slice": SLICE})["slice"]
    assert len(taken["samples_s"]) == 5
    assert (taken["calls"], taken["round"], taken["order"]) == (3, 2, 1)
    assert worker.answer({"finish": {}})["finished"]["outcome"] == "passed"
    assert "no case is at work" in worker.answer({"slice": SLICE})["refused"]
    assert "no case is at work" in worker.answer({"launches": {}})["refused"]


def test_a_case_is_checked_once_in_a_process_and_then_prepared_anew(worker: CaseWorker) -> None:
    import own_cases  # type: ignore[import-not-found]  # the fixture writes it into a temporary folder

    calls = own_cases.CALLS
    worker.answer({"begin": "eager"})
    first, checked = worker._launch, calls["reference"]
    assert checked > 0
    worker.answer({"finish": {}})
    assert "ready" in worker.answer({"begin": "eager"})
    assert calls["reference"] == checked
    assert worker._launch is not first


def test_what_fails_while_it_is_timed_ends_and_the_next_case_goes_on(
    worker: CaseWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_warmed(timer: CpuTimer, call: Callable[[], object]) -> float:
        timer._call = call
        return 1.0

    monkeypatch.setattr(CpuTimer, "prepare", not_warmed)
    assert "ready" in worker.answer({"begin": "late"})
    finished = worker.answer({"slice": SLICE})["finished"]
    assert finished == {"outcome": "error", "message": "sampling: RuntimeError: worn out"}
    assert "ready" in worker.answer({"begin": "eager"})


def test_operators_from_another_checkout_are_noticed_and_its_own_are_not(worker: CaseWorker, tmp_path: Path) -> None:
    worker.answer({"probe": "eager"})
    worker.foreign = (str(tmp_path),)
    for tree, foreign in ((tmp_path / "tree", [str(tmp_path / "own_cases.py")]), (tmp_path, [])):
        worker.tree = str(tree)
        assert worker.answer({"modules": {}}) == {"foreign": foreign, "preloadable": []}
