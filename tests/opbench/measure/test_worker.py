"""An operator that fails, not a backend: every case of the point says so, and the process lives on."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.cross_hadamard.operator import OPERATOR
from opbench import catalog
from opbench.errors import MachineError
from opbench.measure.worker import Worker
from opbench.process.environment import set_up
from opbench.process.marker import Marker
from opbench.store.codec import point_to_json
from opbench.vocabulary.backend import Backend, Launch
from opbench.vocabulary.case import Axes, Point
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.settings import Settings

POINT = Point("cross_hadamard", OPERATOR.complete(Axes({"channels": 3, "edge": 5})))


def fails(*_: object) -> None:
    raise ValueError("no such size\nsecond line")


@pytest.mark.parametrize("part", ["work", "inputs", "reference", "sizes"])
def test_a_failing_operator_is_the_outcome_of_every_case(
    part: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = catalog.operator("cross_hadamard")
    monkeypatch.setattr("opbench.catalog.operator", lambda _: broken)
    monkeypatch.setitem(broken.__dict__, part, fails)
    request = {
        "point": point_to_json(POINT),
        "cases": [("torch_eager", 0), ("torch_select", 0)],
        "settings": Settings().to_json(),
        "count": False,
    }
    answer = Worker(io.StringIO(), io.StringIO(), Marker(tmp_path / "marker")).measure(request)
    reasons = {label: outcome["reason"] for label, outcome in answer["outcomes"].items()}
    assert reasons == dict.fromkeys(("torch_eager", "torch_select"), "ValueError: no such size")


def test_what_the_machine_lacks_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def lacks(_: object) -> None:
        raise MachineError("timm is not installed")

    broken = catalog.operator("cross_hadamard")
    monkeypatch.setattr("opbench.catalog.operator", lambda _: broken)
    monkeypatch.setitem(broken.__dict__, "work", lacks)
    request = {
        "point": point_to_json(POINT),
        "cases": [("torch_eager", 0)],
        "settings": Settings().to_json(),
        "count": False,
    }
    answer = Worker(io.StringIO(), io.StringIO(), Marker(tmp_path / "marker")).measure(request)
    assert answer["outcomes"] == {"torch_eager": {"kind": "unavailable", "reason": "timm is not installed"}}


def test_every_process_that_calls_a_launch_has_pytorch_alike(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr("opbench.process.environment.describe", lambda device: {"device": device})
    with torch.enable_grad():
        answer = Worker(io.StringIO(), io.StringIO(), Marker(tmp_path / "marker")).hello("cuda", 3)
        assert not torch.is_grad_enabled()
    assert answer == {"environment": {"device": "cuda"}}
    assert threads == [3]
    assert not torch.backends.cudnn.allow_tf32
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MachineError, match="PyTorch sees no CUDA device"):
        set_up("cuda")
    assert (
        "no CUDA device" in Worker(io.StringIO(), io.StringIO(), Marker(tmp_path / "marker")).hello("cuda", 0)["error"]
    )


def test_a_counter_that_fails_costs_no_latency(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("opbench.counting.count.count", fails)
    request = {
        "point": point_to_json(POINT),
        "cases": [("torch_eager", 0)],
        "settings": Settings(budget_s=0.01).to_json(),
        "count": True,
    }
    answer = Worker(io.StringIO(), io.StringIO(), Marker(tmp_path / "marker")).measure(request)
    assert answer["outcomes"]["torch_eager"]["kind"] == "measured"
    assert answer["counts"] == dict.fromkeys(("fvcore", "torch"), "ValueError: no such size")


def asked(tmp_path: Path, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """What a worker answers to these, each with its number for a nonce, until there are no more."""
    lines = "".join(json.dumps(request | {"nonce": str(at)}) + "\n" for at, request in enumerate(requests))
    answers = io.StringIO()
    assert list(Worker(io.StringIO(lines), answers, Marker(tmp_path / "marker")).serve()) == []
    told = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert {one["nonce"] for one in told} == {str(at) for at in range(len(requests))}
    return [one["answer"] for one in told if "answer" in one]


def test_what_is_compiled_ahead_is_prepared_and_one_that_fails_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prepared: list[str] = []

    def prepare(_: Point, __: object, ___: object, schedule: str) -> Launch:
        prepared.append(schedule)
        if schedule == "flat":
            raise ValueError("a compiler")
        return lambda: torch.empty(0)

    found = Backend("for the tests", prepare, schedules=("flat", "blocked"))
    monkeypatch.setattr(catalog, "backend", lambda _, name: Unavailable("absent") if name == "absent" else found)
    request = {"ahead": point_to_json(POINT), "backends": ["absent", "one:flat", "one:blocked"]}
    assert asked(tmp_path, request) == [{}]
    assert prepared == ["flat", "blocked"]


def test_a_users_operator_that_cannot_be_loaded_is_an_answer_and_no_end(tmp_path: Path) -> None:
    damaged = tmp_path / "definition"
    damaged.write_bytes(pickle.dumps([]) + b"no pickle")
    absent, refused = asked(tmp_path, {"define": str(tmp_path / "absent")}, {"define": str(damaged)})
    assert absent["error"].startswith("FileNotFoundError: ")
    assert refused["error"].startswith("UnpicklingError: ")


def test_a_process_whose_parent_is_gone_takes_no_further_turn(tmp_path: Path) -> None:
    answers = io.StringIO()
    worker = Worker(io.StringIO('{"go": {"calls": 3}}\n'), answers, Marker(tmp_path / "marker"))
    assert worker._exchange({"round": 7}) == {"calls": 3}
    assert json.loads(answers.getvalue())["turn"] == {"round": 7}
    with pytest.raises(EOFError, match="the parent has closed its requests"):
        worker._exchange({"round": 8})
