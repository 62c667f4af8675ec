"""An operator that fails, not a backend: every case of the point says so, and the process lives on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch

from impls.cross_hadamard.operator import OPERATOR
from opbench import catalog
from opbench.errors import MachineError
from opbench.measure.worker import Worker
from opbench.process.environment import set_up
from opbench.process.marker import Marker
from opbench.store.codec import point_to_json
from opbench.vocabulary.case import Axes, Point
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
